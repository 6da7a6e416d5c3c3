#pragma once

#include <atomic>
#include <cstdint>

namespace osbackup::backup {

/// What a run is doing now.
enum class Stage { Starting, SendingKept, Archiving, Zipping, Uploading, Verifying, Reporting, Done };

/// How far a run is, for whoever shows it. Counters only grow within a stage. Thread-safe.
struct Progress {
  std::atomic<Stage> stage = Stage::Starting;
  std::atomic<std::uint64_t> files = 0;         ///< Regular files taken up so far.
  std::atomic<std::uint64_t> source_bytes = 0;  ///< Their content.
  std::atomic<std::uint64_t> sent_bytes = 0;    ///< Of the archive that is being uploaded.
  std::atomic<std::uint64_t> total_bytes = 0;   ///< Its size.
};

}  // namespace osbackup::backup
