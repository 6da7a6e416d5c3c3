#pragma once

namespace osbackup::system {

/// Sets how much this process leaves the processors to others: -20 (nothing) to 19 (nearly everything). Linux keeps it
/// per thread, and what a thread starts inherits it: call it before other threads are started. Throws Denied when the
/// process may not have that value.
void set_nice(int level);

/// How the kernel ranks disk accesses, where the disk's scheduler heeds it (ioprio_set(2)).
enum class IoClass {
  BestEffort,  ///< By level.
  Idle,        ///< Only while nobody else wants the disk.
};

/// Sets it for this thread and what it starts. `level` is 0 (first) to 7 (last), of BestEffort alone.
void set_io_priority(IoClass io_class, unsigned level);

}  // namespace osbackup::system
