#include "client/progress_display.hpp"

namespace osbackup::client {

using std::chrono::milliseconds;

ProgressDisplay::ProgressDisplay(Console& console, const ProgressView& progress)
    : console_(console), progress_(progress) {
  const ConsoleOptions& options = console.options();
  if (options.verbosity == Verbosity::Quiet || (!options.terminal && !options.json)) return;
  const milliseconds interval = options.json ? milliseconds{1000} : milliseconds{200};
  thread_ = std::jthread([this, interval](const std::stop_token& stop) { show(stop, interval); });
}

void ProgressDisplay::show(const std::stop_token& stop, milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, interval, [] { return false; });
    if (!stop.stop_requested()) console_.live(progress_, elapsed());
  }
}

milliseconds ProgressDisplay::elapsed() const {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - started_);
}

}  // namespace osbackup::client
