#include "restore/made_time.hpp"

#include <fcntl.h>
#include <sys/stat.h>

namespace osbackup::restore {

std::optional<timespec> made_time(int directory, const char* name) noexcept {
  constexpr int kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  struct statx status {};
  if (statx(directory, name, kFlags, STATX_BTIME, &status) != 0 || (status.stx_mask & STATX_BTIME) == 0)
    return std::nullopt;
  return timespec{.tv_sec = status.stx_btime.tv_sec, .tv_nsec = static_cast<long>(status.stx_btime.tv_nsec)};
}

bool is_same_time(const timespec& left, const timespec& right) noexcept {
  return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
}

bool is_kept_time(const timespec& kept, const timespec& archived) noexcept {
  return kept.tv_sec == archived.tv_sec && (kept.tv_nsec == archived.tv_nsec || kept.tv_nsec == 0);
}

bool is_before(const timespec& left, const timespec& right) noexcept {
  return left.tv_sec != right.tv_sec ? left.tv_sec < right.tv_sec : left.tv_nsec < right.tv_nsec;
}

}  // namespace osbackup::restore
