#pragma once

#include <atomic>
#include <cstdint>

#include "client/progress_view.hpp"
#include "restore/restore_progress.hpp"

namespace osbackup::client {

/// The progress of a command that reads archives as the console shows it:
/// `4 m 12 s  reading  34 %, 1200 of 3400 objects, 1.2 GiB of 3.5 GiB, 4.9 MiB/s, 8 m 03 s left, 2 troubles`; of
/// several archives `4 m 12 s  reading  archive 2 of 3, 34 %, ...`.
class RestoreProgressView final : public ProgressView {
 public:
  /// The progress outlives it.
  explicit RestoreProgressView(const restore::RestoreProgress& progress) : progress_(progress) {}

  /// That another one of several archives is begun, `elapsed` as text() is told it: the numbers are this one's from now
  /// on, and so is the rate. Numbered from 1. Thread-safe.
  void begin_archive(std::uint64_t number, std::uint64_t total, std::chrono::milliseconds elapsed);
  /// That archives are what is counted as objects. Before anybody looks on.
  void count_archives() noexcept { counts_archives_ = true; }

  std::string text(std::chrono::milliseconds elapsed) const override;
  json::Object object(std::chrono::milliseconds elapsed) const override;

 private:
  const restore::RestoreProgress& progress_;
  std::atomic<std::uint64_t> archive_ = 0;
  std::atomic<std::uint64_t> archives_total_ = 0;
  std::atomic<std::chrono::milliseconds::rep> archive_begun_ms_ = 0;
  bool counts_archives_ = false;
};

}  // namespace osbackup::client
