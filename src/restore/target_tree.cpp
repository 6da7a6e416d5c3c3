#include "restore/target_tree.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "archive/index_path.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/entry_path.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {
namespace {

using system::FileDescriptor;
using system::system_error;

constexpr mode_t kPrivateMode = 0700;
/// Others may make and remove the same names meanwhile, but not for ever.
constexpr int kAttemptsMax = 8;

bool is_same(const struct stat& left, const struct stat& right) {
  return left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

struct stat status_of(const FileDescriptor& directory) {
  struct stat status {};
  if (fstat(directory.get(), &status) != 0) throw system_error("its directory cannot be looked at");
  return status;
}

Error refused(const std::string& reason) { return {ErrorKind::Refused, reason}; }

bool gives_acl(const FileDescriptor& directory) {
  return fgetxattr(directory.get(), "system.posix_acl_default", nullptr, 0) > 0;
}

std::string shown(const TargetDirectory& above, const std::string& name) {
  const std::string path = above.path();
  return printable(path == "." ? name : path + "/" + name);
}

}  // namespace

TargetTree::TargetTree(const TreeParts& parts, std::size_t open_max) : parts_(parts), open_max_(open_max), walk_(".") {
  assert(open_max_ >= 1);
  DirectoryUse root(new TargetDirectory(*this));
  // It stays open as long as the target does.
  const FileDescriptor& descriptor = parts_.root.beneath.root();
  root->open_ = SharedDescriptor(SharedDescriptor(), &descriptor);
  root->is_made_ = parts_.root.is_made;
  root->status_ = status_of(descriptor);
  root->gives_acl_ = gives_acl(descriptor);
  levels_.push_back({.directory = std::move(root), .path_bytes = 0});
}

TargetTree::~TargetTree() {
  leave();
  assert(open_.empty());
}

DirectoryUse TargetTree::directory_above(std::string_view path, bool in_order) {
  const std::string_view above = parent_of(path);
  while (!archive::lies_in(above, walk_)) go_up();
  if (above != walk_) {
    std::string_view left = walk_ == "." ? above : above.substr(walk_.size() + 1);
    for (std::size_t end = left.find('/'); end != std::string_view::npos; end = left.find('/')) {
      go_down(left.substr(0, end), {.is_entry = false, .in_order = in_order});
      left.remove_prefix(end + 1);
    }
    go_down(left, {.is_entry = false, .in_order = in_order});
  }
  return levels_.back().directory;
}

DirectoryUse TargetTree::make_directory(std::string_view path, bool in_order) {
  if (archive::lies_in(walk_, path)) {
    // Made or entered before, on the way to something below it.
    while (walk_ != path) go_up();
    if (levels_.back().directory->has_entry_ && !parts_.replacements.later_replaces())
      throw refused("an entry before it has this path too, and is kept");
  } else {
    directory_above(path, in_order);
    go_down(name_in(path), {.is_entry = true, .in_order = in_order});
  }
  levels_.back().directory->has_entry_ = true;
  return levels_.back().directory;
}

void TargetTree::go_up() noexcept {
  levels_.pop_back();
  walk_.resize(levels_.back().path_bytes);
  if (walk_.empty()) walk_ = ".";
}

void TargetTree::go_down(std::string_view name, Arrival arrival) {
  const DirectoryUse& above = levels_.back().directory;
  const std::string own_name(name);
  Entered entered = enter(*above, own_name, arrival);
  DirectoryUse directory(new TargetDirectory(*this));
  directory->above_ = &*above;
  ++above->uses_;
  directory->name_ = own_name;
  directory->is_made_ = entered.is_made;
  directory->replaced_ = std::move(entered.replaced);
  directory->is_in_replaced_ = above->is_in_replaced_ || directory->replaces();
  directory->status_ = status_of(entered.descriptor);
  directory->gives_acl_ = !entered.is_made && gives_acl(entered.descriptor);
  {
    const std::scoped_lock lock(mutex_);
    keep_open(*directory, std::make_shared<const FileDescriptor>(std::move(entered.descriptor)));
  }
  if (walk_ == ".")
    walk_ = own_name;
  else
    walk_.append("/").append(own_name);
  levels_.push_back({.directory = std::move(directory), .path_bytes = walk_.size()});
}

TargetTree::Entered TargetTree::enter(TargetDirectory& above, const std::string& name, Arrival arrival) {
  const SharedDescriptor parent = open(above);
  const NamePlace place{.directory = parent->get(), .name = name.c_str()};
  // In a directory that was just made there is hardly anything.
  bool is_missing = above.is_made();
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (is_missing) {
      if (mkdirat(place.directory, place.name, kPrivateMode) == 0)
        return {.descriptor = open_made(above, place), .is_made = true};
      if (errno != EEXIST) throw system_error(fmt::format("directory {} cannot be made", shown(above, name)));
    }
    FileDescriptor directory = system::open_directory_named(place.directory, place.name, O_RDONLY);
    if (directory) {
      if (arrival.is_entry) parts_.replacements.check_first(place, arrival.in_order);
      if (above.names().has(place.directory, name)) return {.descriptor = std::move(directory), .is_made = false};
      throw refused(
          fmt::format("the file system takes {} for another directory, whose name differs in case or in how "
                      "its letters are encoded",
                      shown(above, name)));
    }
    is_missing = errno == ENOENT;
    if (is_missing) continue;
    if (errno == ELOOP) throw refused(shown(above, name) + " is a link in the target, and is not followed");
    if (errno != ENOTDIR) throw system_error(fmt::format("directory {} cannot be opened", shown(above, name)));
    parts_.replacements.check(place, above.names(), arrival.in_order);
    const std::string replaced = parts_.replacements.temporary_name();
    if (system::rename_to_free_name(place.directory, place.name, replaced.c_str()))
      return make_in_place_of(above, place, replaced);
    if (errno != EEXIST && errno != ENOENT)
      throw system_error(fmt::format("{}, which is no directory, cannot be renamed", shown(above, name)));
  }
  throw refused(fmt::format("directory {} is replaced by others faster than it can be opened", shown(above, name)));
}

/// What was there has the name `replaced`, and gets its own again when this fails.
TargetTree::Entered TargetTree::make_in_place_of(const TargetDirectory& above, const NamePlace& place,
                                                 const std::string& replaced) const {
  try {
    if (mkdirat(place.directory, place.name, kPrivateMode) != 0)
      throw system_error(fmt::format("directory {} cannot be made", shown(above, place.name)));
    return {.descriptor = open_made(above, place), .is_made = true, .replaced = replaced};
  } catch (const Error&) {
    unlinkat(place.directory, place.name, AT_REMOVEDIR);
    system::rename_to_free_name(place.directory, replaced.c_str(), place.name);
    throw;
  }
}

/// The directory that was just made there.
FileDescriptor TargetTree::open_made(const TargetDirectory& above, const NamePlace& place) {
  FileDescriptor directory = system::open_directory_named(place.directory, place.name, O_RDONLY);
  if (!directory && (errno == ELOOP || errno == ENOTDIR))
    throw refused(shown(above, place.name) + " was replaced as soon as it was made");
  if (!directory) throw system_error(fmt::format("directory {} cannot be opened", shown(above, place.name)));
  if (above.gives_acl()) {
    // It would give them on to all that is made in it, which the archive may not have.
    fremovexattr(directory.get(), "system.posix_acl_default");
    fremovexattr(directory.get(), "system.posix_acl_access");
    fchmod(directory.get(), kPrivateMode);
  }
  return directory;
}

SharedDescriptor TargetTree::open(TargetDirectory& directory) {
  std::vector<TargetDirectory*> closed;
  SharedDescriptor reached = find_open(directory, closed);
  // Those above are kept open too: whoever goes up needs them next.
  for (; !closed.empty(); closed.pop_back()) {
    TargetDirectory& next = *closed.back();
    SharedDescriptor opened = open_again(next, reached);
    const std::scoped_lock lock(mutex_);
    if (!next.open_) keep_open(next, std::move(opened));
    reached = next.open_;
  }
  return reached;
}

/// Puts the directory and those above it into `closed`, up to one that is open, which is returned; or up to as many as
/// may be opened at once.
SharedDescriptor TargetTree::find_open(TargetDirectory& directory, std::vector<TargetDirectory*>& closed) {
  const std::size_t closed_max = std::max<std::size_t>(1, open_max_ / 2);
  const std::scoped_lock lock(mutex_);
  TargetDirectory* found = &directory;
  for (; !found->open_; found = found->above_) {
    if (closed.size() == closed_max) return nullptr;
    closed.push_back(found);
  }
  if (found->above_ != nullptr) open_.splice(open_.begin(), open_, found->place_in_open_);
  return found->open_;
}

/// From the one above it, or from the target when that is not open.
SharedDescriptor TargetTree::open_again(const TargetDirectory& directory, const SharedDescriptor& above) const {
  FileDescriptor opened = above ? system::open_directory_named(above->get(), directory.name_.c_str(), O_RDONLY)
                                : parts_.root.beneath.open_directory(directory.path(), O_RDONLY);
  if (!opened && errno != ELOOP && errno != ENOTDIR) throw system_error("its directory cannot be opened again");
  if (!opened || !is_same(status_of(opened), directory.status_))
    throw refused("its directory was replaced while it was restored");
  return std::make_shared<const FileDescriptor>(std::move(opened));
}

void TargetTree::keep_open(TargetDirectory& directory, SharedDescriptor descriptor) {
  directory.open_ = std::move(descriptor);
  directory.place_in_open_ = open_.insert(open_.begin(), &directory);
  if (open_.size() <= open_max_) return;
  open_.back()->open_.reset();
  open_.pop_back();
}

void TargetTree::set_metadata(TargetDirectory& directory, ObjectMetadata metadata) {
  const std::scoped_lock lock(mutex_);
  directory.metadata_ = std::move(metadata);
}

void TargetTree::give_up(TargetDirectory& directory) {
  const std::scoped_lock lock(mutex_);
  directory.is_given_up_ = true;
}

void TargetTree::leave() noexcept {
  while (levels_.size() > 1) go_up();
  levels_.clear();
}

/// A loop, and no recursion: there may be a hundred thousand directories on the way.
void TargetTree::let_go(TargetDirectory* directory) noexcept {
  while (directory != nullptr && --directory->uses_ == 0) {
    complete(*directory);
    TargetDirectory* const above = directory->above_;
    forget(*directory);
    delete directory;
    directory = above;
  }
}

void TargetTree::complete(TargetDirectory& directory) noexcept {
  const auto fails = [&](const std::string& what, const Error& error) {
    parts_.log.add({.kind = Trouble::Kind::Failed, .path = directory.path(), .reason = what + ": " + error.what()});
  };
  try {
    if (directory.replaces() || is_for_nothing(directory)) remove_or_keep(directory);
  } catch (const Error& error) {
    fails("what was in its place is kept as " + directory.replaced_, error);
  }
  try {
    if (directory.metadata_) write_metadata(directory);
  } catch (const Error& error) {
    fails("its owner, mode and times cannot be set", error);
  }
}

/// Whether a directory that this run made may be empty, and is not to stay then.
bool TargetTree::is_for_nothing(const TargetDirectory& directory) {
  if (!directory.is_made_ || directory.metadata_) return false;
  if (directory.is_given_up_) return true;
  // In trees of any depth each would have to be opened from the target on.
  const std::scoped_lock lock(mutex_);
  return directory.is_in_replaced_ && directory.above_->open_;
}

/// Removes a directory that this run made for nothing. What it took the place of comes back then, and goes otherwise.
void TargetTree::remove_or_keep(TargetDirectory& directory) {
  const SharedDescriptor above = open(*directory.above_);
  const char* const name = directory.name_.c_str();
  const bool is_removed = !directory.metadata_ && unlinkat(above->get(), name, AT_REMOVEDIR) == 0;
  if (!directory.replaces()) return;
  const char* const replaced = directory.replaced_.c_str();
  const bool is_done =
      is_removed ? system::rename_to_free_name(above->get(), replaced, name) : unlinkat(above->get(), replaced, 0) == 0;
  if (!is_done) throw system_error(is_removed ? "it cannot get its name back" : "it cannot be removed");
}

void TargetTree::write_metadata(TargetDirectory& directory) {
  const SharedDescriptor descriptor = open(directory);
  const HeldObject object{.descriptor = descriptor->get(),
                          .is_path_only = false,
                          .may_have_acl = !directory.is_made() || directory.above_ == nullptr,
                          .status = directory.status_,
                          .path = [&] { return directory.path(); }};
  parts_.metadata.write(object, *directory.metadata_);
  parts_.metadata.write_flags(object, *directory.metadata_);
}

void TargetTree::forget(TargetDirectory& directory) noexcept {
  const std::scoped_lock lock(mutex_);
  if (directory.open_ && directory.above_ != nullptr) open_.erase(directory.place_in_open_);
}

}  // namespace osbackup::restore
