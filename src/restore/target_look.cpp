#include "restore/target_look.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "core/encoding.hpp"
#include "restore/entry_path.hpp"
#include "restore/made_time.hpp"
#include "restore/replacements.hpp"
#include "system/directory_reader.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using system::FileDescriptor;

bool is_same_device(const archive::Entry& entry, const struct stat& status) {
  return major(status.st_rdev) == entry.device_major && minor(status.st_rdev) == entry.device_minor;
}

bool leads_to(const NamePlace& link, const std::string& target) {
  // One byte more than it should have: a longer target is another one.
  std::vector<char> buffer(target.size() + 1);
  const ssize_t length = readlinkat(link.directory, link.name, buffer.data(), buffer.size());
  return length >= 0 && std::string_view(buffer.data(), static_cast<std::size_t>(length)) == target;
}

}  // namespace

Sight TargetLook::at(const std::string& path) {
  go_to(parent_of(path));
  if (!directory_) {
    if (problem_ == ENOENT) return {.kind = Sight::Kind::Nothing, .status = {}};
    if (problem_ == ELOOP) return {.kind = Sight::Kind::BehindLink, .status = {}};
    if (problem_ == ENOTDIR) return {.kind = Sight::Kind::BehindFile, .status = {}};
    throw system::system_error(fmt::format("directory {} cannot be opened", printable(path_)), problem_);
  }
  name_ = name_in(path);
  const std::optional<struct stat> status = look_at({.directory = directory_.get(), .name = name_.c_str()});
  if (!status) return {.kind = Sight::Kind::Nothing, .status = {}};
  const bool is_exact = name_ == "." || names_->has(directory_.get(), name_);
  return {.kind = is_exact ? Sight::Kind::Object : Sight::Kind::OtherName, .status = *status};
}

void TargetLook::go_to(std::string_view directory) {
  if (is_somewhere_ && directory == path_) return;
  path_ = directory;
  is_somewhere_ = true;
  directory_ = target_.open_directory(path_, O_PATH);
  problem_ = directory_ ? 0 : errno;
  names_ = std::make_unique<ExactNames>();
}

bool TargetLook::is_unchanged(const archive::Entry& entry, const Sight& sight) const {
  if (sight.kind != Sight::Kind::Object) return false;
  const struct stat& status = sight.status;
  switch (entry.type) {
    case EntryType::File:
      return S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) == entry.size &&
             is_same_time(status.st_mtim, entry.mtime);
    case EntryType::Symlink:
      return S_ISLNK(status.st_mode) && is_same_time(status.st_mtim, entry.mtime) &&
             leads_to({.directory = directory_.get(), .name = name_.c_str()}, entry.target);
    case EntryType::Fifo:
      return S_ISFIFO(status.st_mode) && is_same_time(status.st_mtim, entry.mtime);
    case EntryType::CharacterDevice:
      return S_ISCHR(status.st_mode) && is_same_device(entry, status) && is_same_time(status.st_mtim, entry.mtime);
    case EntryType::BlockDevice:
      return S_ISBLK(status.st_mode) && is_same_device(entry, status) && is_same_time(status.st_mtim, entry.mtime);
    case EntryType::Directory:
    case EntryType::Hardlink:
      return false;
  }
  return false;
}

bool TargetLook::is_full_directory(const Sight& sight) const {
  if (sight.kind != Sight::Kind::Object || !S_ISDIR(sight.status.st_mode)) return false;
  const FileDescriptor directory = system::open_directory_named(directory_.get(), name_.c_str(), O_RDONLY);
  if (!directory) return false;
  system::DirectoryReader reader;
  reader.begin(directory.get());
  return reader.next() != nullptr;
}

}  // namespace osbackup::restore
