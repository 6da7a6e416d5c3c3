#pragma once

#include <atomic>
#include <cstdint>

namespace osbackup::restore {

/// How far a command that reads an archive is, for whoever shows it. Thread-safe.
struct RestoreProgress {
  enum class Stage { Opening, Planning, Reading, Finishing, Done };

  std::atomic<Stage> stage = Stage::Opening;
  std::atomic<std::uint64_t> objects = 0;        ///< That are done, of any type.
  std::atomic<std::uint64_t> objects_total = 0;  ///< 0 while it is not known.
  std::atomic<std::uint64_t> bytes = 0;          ///< Content that is done.
  std::atomic<std::uint64_t> bytes_total = 0;    ///< 0 while it is not known.
  std::atomic<std::uint64_t> troubles = 0;
};

}  // namespace osbackup::restore
