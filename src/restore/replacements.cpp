#include "restore/replacements.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/made_time.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {

using system::system_error;

namespace {

/// How many kept files are kept in mind. What comes then may be replaced by an entry of the name that it has.
constexpr std::size_t kKeptMax = 100'000;

/// Whether it has one of these attributes (statx(2), STATX_ATTR_*); false where the file system has none.
bool has_attribute(const NamePlace& place, std::uint64_t attributes) noexcept {
  constexpr int kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  struct statx status {};
  return statx(place.directory, place.name, kFlags, 0, &status) == 0 && (status.stx_attributes & attributes) != 0;
}

/// Denied when the kernel will refuse to replace it: what was made for that could not be removed, either.
void require_unlocked(const NamePlace& place) {
  if (has_attribute({.directory = place.directory, .name = ""}, STATX_ATTR_APPEND))
    throw Error(ErrorKind::Denied,
                "what is there is kept, since its directory is append-only: chattr -a lets it be replaced");
  if (has_attribute(place, STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE))
    throw Error(ErrorKind::Denied,
                "what is there is kept, since it is immutable or append-only: chattr -ia lets it be replaced");
}

}  // namespace

std::optional<struct stat> look_at(const NamePlace& place) {
  struct stat status {};
  if (fstatat(place.directory, place.name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0) return status;
  if (errno == ENOENT) return std::nullopt;
  throw system_error("what is there cannot be looked at");
}

void Replacements::check(const NamePlace& place, ExactNames& names, bool in_order) const {
  if (overwrite_ == Overwrite::Never) throw Error(ErrorKind::Exists, "something is there already, and is kept");
  check_first(place, in_order);
  if (is_kept(place)) throw Error(ErrorKind::Refused, "what there is of a damaged file got its name, and is kept");
  if (!names.has(place.directory, place.name))
    throw Error(ErrorKind::Refused,
                "the file system takes its name for that of another object, which differs in case or in how its "
                "letters are encoded, and is kept");
  require_unlocked(place);
}

void Replacements::check_first(const NamePlace& place, bool in_order) const {
  if (in_order || later_replaces_ || !is_made_since_start(place)) return;
  throw Error(ErrorKind::Refused, "an entry before it has this path too, and is kept");
}

bool Replacements::is_made_since_start(const NamePlace& place) const {
  if (!started_) return false;
  const std::optional<timespec> made = made_time(place.directory, place.name);
  return made && !is_before(*made, *started_);
}

void Replacements::replace(const NamePlace& place, const std::string& temporary, const struct stat& found) {
  const std::scoped_lock lock(mutex_);
  if (const std::optional<struct stat> now = look_at(place)) {
    if (now->st_dev != found.st_dev || now->st_ino != found.st_ino ||
        (now->st_mode & S_IFMT) != (found.st_mode & S_IFMT))
      throw Error(ErrorKind::Refused, "something else got its name while it was restored, and is kept");
    if (S_ISDIR(now->st_mode) && unlinkat(place.directory, place.name, AT_REMOVEDIR) != 0) {
      if (errno == ENOTEMPTY || errno == EEXIST)
        throw Error(ErrorKind::Refused, "a directory is in its place that is not empty, and is kept");
      throw system_error("the directory in its place cannot be removed");
    }
  }
  if (renameat(place.directory, temporary.c_str(), place.directory, place.name) != 0)
    throw system_error("cannot take the place of what is there");
}

bool Replacements::keep(const NamePlace& place, const std::string& free_name, const struct stat& made) {
  const std::scoped_lock lock(mutex_);
  if (!system::rename_to_free_name(place.directory, place.name, free_name.c_str())) {
    if (errno == EEXIST) return false;
    throw system_error("cannot be given the name " + printable(free_name));
  }
  if (kept_.size() < kKeptMax) kept_.emplace(made.st_dev, made.st_ino);
  return true;
}

bool Replacements::is_kept(const NamePlace& place) const {
  const std::scoped_lock lock(mutex_);
  if (kept_.empty()) return false;
  const std::optional<struct stat> there = look_at(place);
  return there && kept_.contains({there->st_dev, there->st_ino});
}

}  // namespace osbackup::restore
