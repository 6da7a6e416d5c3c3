#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace osbackup::backup {

/// What a run is doing now.
enum class Stage { Starting, SendingKept, Archiving, Zipping, Uploading, Verifying, Reporting, Done };

/// How far a run is, for whoever shows it. An archive is sent while it is made: the stage is the making's until only
/// the upload is left. Thread-safe.
struct Progress {
  std::atomic<Stage> stage = Stage::Starting;
  std::atomic<std::uint64_t> files = 0;         ///< Regular files taken up so far.
  std::atomic<std::uint64_t> source_bytes = 0;  ///< Their content.
  std::atomic<std::uint64_t> sent_bytes = 0;    ///< Of the archive that is being uploaded.
  std::atomic<std::uint64_t> total_bytes = 0;   ///< Its size; 0 while it is not known.
  /// When the first of these bytes was there to be sent; the clock's epoch before that.
  std::atomic<std::chrono::steady_clock::time_point> sending_since{};
};

}  // namespace osbackup::backup
