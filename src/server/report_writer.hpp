#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/retry_policy.hpp"
#include "database/report_store.hpp"
#include "queue/journal.hpp"

namespace osbackup::server {

/// Moves calls from the journal to the database on a thread of its own, in batches. A database that is away is tried
/// again with growing pauses, for ever, and the log says once why and what to do; a call that it refuses for good is
/// set aside and holds up nothing. Thread-safe.
class ReportWriter {
 public:
  struct Parts {
    queue::Journal& journal;
    database::ReportStore& store;
    const Clock& clock;
    spdlog::logger& log;
    /// What the database needs before the first call; done again until it does not throw. Nothing when empty.
    std::function<void()> prepare{};
    RetryPolicy pauses{
        .first_pause = std::chrono::milliseconds(500), .longest_pause = std::chrono::seconds(30), .wait = {}};
  };

  /// All that it is given outlives it.
  explicit ReportWriter(Parts parts);

  /// stop()
  ~ReportWriter();

  /// Waits until the database has all that the journal had stored when this was called. False when `longest` was over
  /// before. While anybody waits, pauses are short.
  bool drain(std::chrono::milliseconds longest);

  /// Ends after the batch at hand. The rest stays in the journal. May be called again.
  void stop();

 private:
  void run(const std::stop_token& stop);
  bool write(const std::vector<queue::Call>& calls, const std::stop_token& stop);
  bool try_until_done(const std::function<void()>& action, const std::stop_token& stop);
  void tell(const Error& problem);
  void pause(unsigned attempt, const std::stop_token& stop);
  void forget_old_receipts();

  Parts parts_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t written_seq_ = 0;
  unsigned draining_ = 0;
  TimePoint receipts_checked_at_{};
  std::string told_problem_;  ///< What keeps the database from taking calls, as long as it does.
  std::jthread thread_;
};

}  // namespace osbackup::server
