#include "backup/archive_job.hpp"

#include <future>

namespace osbackup::backup {
namespace {

/// Calls `work`; anything that it throws becomes an Error.
template <class Work>
auto with_errors_only(Work work) {
  try {
    return work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& bug) {
    throw Error(ErrorKind::Internal, std::string("internal error: ") + bug.what());
  }
}

Delivered send(const ArchiveJob& job) {
  try {
    return with_errors_only([&] { return job.send(job.spool); });
  } catch (const Error& error) {
    // The engine may be waiting for bytes to be taken.
    job.spool.stop_reading(error);
    throw;
  }
}

void make(const ArchiveJob& job, ArchiveEnd& end) {
  try {
    with_errors_only([&] {
      end.made = job.engine.make(job.plan, job.observer, job.spool, job.stop);
      job.on_made(*end.made);
    });
  } catch (const Error& error) {
    end.sending_failure = job.spool.refusal();
    if (!end.sending_failure) end.making_failure = error;
    job.spool.abandon(error.what());
    std::stop_source(job.stop_sending).request_stop();
    return;
  }
  // Before the end can be seen: what the sender sets afterwards comes later in the run.
  job.observer.progress.total_bytes = end.made->bytes;
  job.observer.progress.stage = Stage::Uploading;
  job.spool.finish();
}

}  // namespace

ArchiveEnd make_and_send(const ArchiveJob& job) {
  ArchiveEnd end;
  std::future<Delivered> sending = std::async(std::launch::async, [&job] { return send(job); });
  make(job, end);
  try {
    end.delivered = sending.get();
  } catch (const Error& error) {
    if (!end.making_failure && !end.sending_failure) end.sending_failure = error;
  }
  return end;
}

}  // namespace osbackup::backup
