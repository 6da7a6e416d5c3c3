#include "server/report_writer.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace osbackup::server {
namespace {

constexpr std::size_t kBatchCallsMax = 500;
constexpr std::chrono::hours kReceiptsKept{400 * 24};
constexpr std::chrono::hours kReceiptsCheckedEvery{24};

std::vector<database::ReceivedCall> received(const std::vector<queue::Call>& calls) {
  std::vector<database::ReceivedCall> out;
  out.reserve(calls.size());
  for (const queue::Call& call : calls)
    out.push_back({.kind = call.kind == queue::CallKind::Count ? database::CallKind::Count : database::CallKind::Report,
                   .receipt = call.receipt,
                   .user = call.user,
                   .received_at = call.received_at,
                   .payload = call.payload});
  return out;
}

/// What people have to do so that the database takes calls again, as far as the reason does not say so.
std::string_view remedy(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Internal:
      return ": its tables are not as osbackupd made them, put back what was changed";
    case ErrorKind::NoSpace:
      return ": make room on its disk";
    case ErrorKind::Corrupt:
      return ": restore it from a backup";
    default:
      return "";
  }
}

}  // namespace

ReportWriter::ReportWriter(Parts parts)
    : parts_(std::move(parts)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

ReportWriter::~ReportWriter() { stop(); }

void ReportWriter::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

bool ReportWriter::drain(std::chrono::milliseconds longest) {
  const std::uint64_t wanted = parts_.journal.last_stored_seq();
  std::unique_lock lock(mutex_);
  ++draining_;
  changed_.notify_all();
  const bool drained = changed_.wait_for(lock, longest, [&] { return written_seq_ >= wanted; });
  --draining_;
  return drained;
}

void ReportWriter::run(const std::stop_token& stop) {
  if (parts_.prepare && !try_until_done(parts_.prepare, stop)) return;
  std::uint64_t seq = 0;
  unsigned failures = 0;
  while (!stop.stop_requested()) {
    try {
      if (!parts_.journal.wait_for_calls(seq, stop)) return;
      const std::vector<queue::Call> calls = parts_.journal.take(seq, kBatchCallsMax);
      if (calls.empty()) throw Error(ErrorKind::Corrupt, "the queue has lost calls that were stored");
      if (!write(calls, stop)) return;
      seq = calls.back().seq;
      parts_.journal.finished(seq);
      failures = 0;
    } catch (const std::exception& problem) {
      // Nothing may end this thread: the journal would fill up behind it.
      parts_.log.error("read the queue: {}", problem.what());
      pause(++failures, stop);
    }
    const std::lock_guard lock(mutex_);
    written_seq_ = seq;
    changed_.notify_all();
  }
}

bool ReportWriter::write(const std::vector<queue::Call>& calls, const std::stop_token& stop) {
  const std::vector<database::ReceivedCall> batch = received(calls);
  const auto apply = [&] {
    for (const database::SetAside& refused : parts_.store.apply(batch))
      parts_.log.error("set aside run={}: {}", refused.receipt, refused.reason);
  };
  if (!try_until_done(apply, stop)) return false;
  parts_.log.debug("wrote {} calls", calls.size());
  forget_old_receipts();
  return true;
}

/// False when it was stopped before.
bool ReportWriter::try_until_done(const std::function<void()>& action, const std::stop_token& stop) {
  for (unsigned attempt = 1; !stop.stop_requested(); ++attempt) {
    try {
      action();
      if (attempt > 1) parts_.log.info("the database takes reports again");
      told_problem_.clear();
      return true;
    } catch (const Error& problem) {
      tell(problem);
    } catch (const std::exception& shortage) {
      // Of memory: it may pass.
      tell(Error(ErrorKind::Unavailable, shortage.what()));
    }
    pause(attempt, stop);
  }
  return false;
}

void ReportWriter::tell(const Error& problem) {
  const bool passes = problem.kind() == ErrorKind::Unavailable || problem.kind() == ErrorKind::Locked;
  const auto level = told_problem_ == problem.what() ? spdlog::level::debug
                     : passes                        ? spdlog::level::warn
                                                     : spdlog::level::err;
  parts_.log.log(level, "the database takes no reports, {} wait: {}{}", parts_.journal.depth(), problem.what(),
                 remedy(problem.kind()));
  told_problem_ = problem.what();
}

void ReportWriter::pause(unsigned attempt, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (draining_ == 0)
    changed_.wait_for(lock, stop, parts_.pauses.pause_after(attempt), [this] { return draining_ > 0; });
  else
    changed_.wait_for(lock, stop, parts_.pauses.first_pause, [] { return false; });
}

void ReportWriter::forget_old_receipts() {
  const TimePoint now = parts_.clock.now();
  if (now - receipts_checked_at_ < kReceiptsCheckedEvery) return;
  receipts_checked_at_ = now;
  try {
    parts_.store.forget_receipts_before(now - kReceiptsKept);
  } catch (const std::exception& error) {
    // They are forgotten another day.
    parts_.log.warn("forget old receipts: {}", error.what());
  }
}

}  // namespace osbackup::server
