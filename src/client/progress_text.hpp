#pragma once

#include <chrono>
#include <string>

#include "backup/progress.hpp"
#include "client/progress_view.hpp"
#include "core/json.hpp"

namespace osbackup::client {

/// When a run's progress is looked at.
struct ProgressMoment {
  std::chrono::milliseconds elapsed{0};  ///< Since the run began.
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
};

/// `4 m 12 s  uploading  34 %, 1.2 GiB of 3.5 GiB, 2 m 03 s left`: one line for people. While the archive is made:
/// files, their bytes, and what is sent of the archive already.
std::string progress_text(const backup::Progress& progress, const ProgressMoment& moment);

/// The same as a JSON object of `message_type` `status`.
json::Object progress_object(const backup::Progress& progress, const ProgressMoment& moment);

/// A backup's progress as the console shows it.
class BackupProgressView final : public ProgressView {
 public:
  /// The progress outlives it.
  explicit BackupProgressView(const backup::Progress& progress) : progress_(progress) {}

  std::string text(std::chrono::milliseconds elapsed) const override { return progress_text(progress_, {elapsed}); }
  json::Object object(std::chrono::milliseconds elapsed) const override {
    return progress_object(progress_, {elapsed});
  }

 private:
  const backup::Progress& progress_;
};

}  // namespace osbackup::client
