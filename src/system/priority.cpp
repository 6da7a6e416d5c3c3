#include "system/priority.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cassert>

#include "system/system_error.hpp"

namespace osbackup::system {
namespace {

// From the kernel's include/uapi/linux/ioprio.h, which older distributions do not install.
constexpr int kWhoProcess = 1;
constexpr unsigned kClassShift = 13;
constexpr unsigned kBestEffort = 2;
constexpr unsigned kIdle = 3;
constexpr unsigned kLevelMax = 7;

}  // namespace

void set_nice(int level) {
  if (setpriority(PRIO_PROCESS, 0, level) != 0) throw system_error(fmt::format("set nice = {}", level));
}

void set_io_priority(IoClass io_class, unsigned level) {
  assert(level <= kLevelMax);
  const bool idle = io_class == IoClass::Idle;
  const unsigned value = (idle ? kIdle : kBestEffort) << kClassShift | (idle ? 0 : level);
  if (syscall(SYS_ioprio_set, kWhoProcess, 0, static_cast<int>(value)) != 0)
    throw system_error(idle ? "set ionice = idle" : fmt::format("set ionice = best-effort:{}", level));
}

}  // namespace osbackup::system
