#include "backup/live_entries.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "archive/index_path.hpp"
#include "archive/index_writer.hpp"
#include "backup/content_reader.hpp"
#include "backup/object_opener.hpp"
#include "backup/sparse_map.hpp"
#include "core/error.hpp"
#include "crypto/sliced_digest.hpp"
#include "system/directory_reader.hpp"

namespace osbackup::backup {
namespace {

using archive::EntryType;
using archive::IndexEntry;

constexpr std::uint64_t kPieceBytes = 1U << 20U;

/// Whether a name that cannot be looked at is not there, or is below what is no directory.
bool says_absent(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP || code == ENAMETOOLONG; }

bool is_gone(const ScannedObject& object) {
  struct stat status {};
  const int directory = object.parent ? object.parent->descriptor.get() : AT_FDCWD;
  return fstatat(directory, object.name.c_str(), &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0 &&
         says_absent(errno);
}

std::uint64_t stored_bytes(const std::vector<archive::Extent>& extents) {
  std::uint64_t sum = 0;
  for (const archive::Extent& extent : extents) sum += extent.length;
  return sum;
}

}  // namespace

LiveEntries::LiveEntries(const std::vector<std::string>& directories, const SelectionRules& rules, WarningLog& warnings,
                         std::stop_token stop)
    : rules_(rules),
      warnings_(warnings),
      stop_(std::move(stop)),
      scan_(directories, rules, warnings),
      metadata_(owners_, warnings) {}

std::optional<IndexEntry> LiveEntries::next() {
  while (std::optional<ScannedObject> object = scan_.next()) {
    if (stop_.stop_requested()) throw Error(ErrorKind::Cancelled, "the look at the live system was stopped");
    // No archive has it.
    if (object->path.size() > archive::kPathBytesMax) continue;
    current_ = std::move(*object);
    if (std::optional<IndexEntry> entry = describe()) return entry;
  }
  return std::nullopt;
}

std::optional<IndexEntry> LiveEntries::describe() {
  IndexEntry line;
  archive::Entry& entry = line.entry;
  metadata_.describe(current_.path, current_.status, entry);
  knows_flags_ = true;
  if (entry.type == EntryType::File) {
    if (!describe_file(entry)) return std::nullopt;
  } else if (current_.self) {
    metadata_.read_attributes(current_.self->descriptor.get(), entry);
  } else {
    // Nobody asks others than files and directories for flags.
    knows_flags_ = entry.type != EntryType::Directory;
    metadata_.read_attributes_by_name(current_, entry);
  }
  if (entry.type == EntryType::Symlink) {
    std::optional<std::string> target = link_target(current_);
    if (!target) {
      if (!is_gone(current_)) warn("the link cannot be read: " + last_problem());
      return std::nullopt;
    }
    entry.target = std::move(*target);
  }
  if (!entry.attributes.empty()) line.attributes_digest = archive::attributes_digest(entry.attributes);
  entry.attributes.clear();
  return line;
}

/// False when the file is not there any more.
bool LiveEntries::describe_file(archive::Entry& entry) {
  const OpenedFile opened = open_planned(current_);
  if (opened.descriptor) {
    metadata_.describe(current_.path, opened.status, entry);
    metadata_.read_attributes(opened.descriptor.get(), entry);
    return true;
  }
  if (is_gone(current_)) return false;
  warn(opened.problem);
  knows_flags_ = false;
  metadata_.read_attributes_by_name(current_, entry);
  return true;
}

std::optional<crypto::Sha256Digest> LiveEntries::digest() {
  assert(S_ISREG(current_.status.st_mode));
  // Its description has told why already.
  if (!knows_flags_) return std::nullopt;
  const OpenedFile opened = open_planned(current_);
  if (!opened.descriptor) {
    warn(opened.problem);
    return std::nullopt;
  }
  const auto size = static_cast<std::uint64_t>(opened.status.st_size);
  const std::vector<archive::Extent> extents = sparse_map(opened.descriptor, size);
  const std::uint64_t stored = stored_bytes(extents);
  std::vector<std::byte> buffer(static_cast<std::size_t>(std::min(stored, kPieceBytes)));
  crypto::SlicedDigest digest;
  for (std::uint64_t done = 0; done < stored; done += buffer.size()) {
    if (stop_.stop_requested()) throw Error(ErrorKind::Cancelled, "the look at the live system was stopped");
    buffer.resize(static_cast<std::size_t>(std::min(stored - done, kPieceBytes)));
    const ContentRead read = read_content(opened.descriptor.get(), extents, done, buffer);
    if (!read.is_whole()) {
      warn(read.problem != 0 ? "cannot be read: " + std::generic_category().message(read.problem)
                             : "became shorter while it was read");
      return std::nullopt;
    }
    for_each_piece(extents, done, buffer.size(), [&](std::uint64_t offset, std::uint64_t first, std::uint64_t length) {
      digest.update(offset, std::span(buffer).subspan(first, length), stop_);
      return true;
    });
  }
  return digest.finish(size, stop_);
}

bool LiveEntries::is_passed_over(const archive::Entry& entry) {
  return scan_.is_excluded(entry.path, entry.type == EntryType::Directory) || may_be_there(entry.path);
}

/// Goes down from the root, following no link. What cannot be told may be there.
bool LiveEntries::may_be_there(const std::string& path) {
  if (!absent_.empty() && archive::lies_in(path, absent_)) return false;
  if (path == ".") return true;
  system::FileDescriptor directory = system::open_directory_at(AT_FDCWD, "/");
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name = path.substr(begin, end - begin);
    // To look there may hang.
    if (!rules_.network_mounts && rules_.mounts.remote_at(path.substr(0, end)) != nullptr) return true;
    struct stat status {};
    const bool is_found = fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0;
    if (is_found && end == path.size() && !S_ISSOCK(status.st_mode)) return true;
    if (is_found && end < path.size() && S_ISDIR(status.st_mode)) {
      directory = system::open_directory_at(directory.get(), name.c_str());
      if (!directory) return !says_absent(errno);
      begin = end + 1;
      continue;
    }
    if (!is_found && !says_absent(errno)) return true;
    absent_ = path.substr(0, end);
    return false;
  }
}

void LiveEntries::warn(const std::string& reason) {
  warnings_.add({.kind = WarningKind::Missing, .path = absolute_path(current_.path), .reason = reason});
}

}  // namespace osbackup::backup
