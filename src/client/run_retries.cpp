#include "client/run_retries.hpp"

#include <condition_variable>
#include <mutex>

namespace osbackup::client {
namespace {

using std::chrono::milliseconds;

/// A report that the server does not take for the moment waits in the outbox for a week: some patience is worth it.
constexpr unsigned kReportingAttempts = 3;

/// Sleeps; throws Cancelled as soon as `stop` is requested.
void wait_or_cancel(milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
  if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped while waiting to try again");
}

RetryPolicy retries(unsigned attempts_max, std::stop_token stop) {
  RetryPolicy policy;
  policy.attempts_max = attempts_max;
  policy.wait = [stop = std::move(stop)](milliseconds duration) { wait_or_cancel(duration, stop); };
  return policy;
}

}  // namespace

RetryPolicy transfer_retries(const config::ClientConfig& config, std::stop_token stop) {
  return retries(1 + (config.ftp ? config.ftp->retries : 0), std::move(stop));
}

RetryPolicy reporting_retries(std::stop_token stop) { return retries(kReportingAttempts, std::move(stop)); }

}  // namespace osbackup::client
