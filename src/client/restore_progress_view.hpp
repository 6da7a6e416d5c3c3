#pragma once

#include "client/progress_view.hpp"
#include "restore/restore_progress.hpp"

namespace osbackup::client {

/// The progress of a command that reads archives as the console shows it:
/// `4 m 12 s  reading  34 %, 1200 of 3400 objects, 1.2 GiB of 3.5 GiB, 4.9 MiB/s, 8 m 03 s left, 2 troubles`.
class RestoreProgressView final : public ProgressView {
 public:
  /// The progress outlives it.
  explicit RestoreProgressView(const restore::RestoreProgress& progress) : progress_(progress) {}

  std::string text(std::chrono::milliseconds elapsed) const override;
  json::Object object(std::chrono::milliseconds elapsed) const override;

 private:
  const restore::RestoreProgress& progress_;
};

}  // namespace osbackup::client
