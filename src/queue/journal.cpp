#include "queue/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstring>

#include "core/error.hpp"
#include "sql/migrations.hpp"
#include "sql/sqlite_connection.hpp"
#include "sql/transaction.hpp"

namespace osbackup::queue {
namespace {

constexpr std::string_view kFileName = "journal.db";
constexpr std::string_view kLockName = "journal.lock";

// Between two attempts to remove finished calls when nothing else is to be written.
constexpr std::chrono::seconds kRemovalPause{1};

const std::vector<sql::Migration>& schema() {
  // No index besides the key: one on a random receipt costs three to four times the commit rate.
  static const std::vector<sql::Migration> kMigrations = {
      {1,
       {"CREATE TABLE calls (seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, receipt TEXT NOT NULL,"
        " user TEXT NOT NULL, received_at INTEGER NOT NULL, payload TEXT NOT NULL)"}},
  };
  return kMigrations;
}

std::size_t bytes_of(const Call& call) {
  return sizeof(Call) + call.receipt.size() + call.user.size() + call.payload.size();
}

Call call_of(const sql::Row& row) {
  const std::int64_t kind = row.integer(1);
  if (kind != static_cast<int>(CallKind::Count) && kind != static_cast<int>(CallKind::Report))
    throw Error(ErrorKind::Corrupt, fmt::format("the queue holds a call of the unknown kind {}", kind));
  return {.seq = static_cast<std::uint64_t>(row.integer(0)),
          .kind = static_cast<CallKind>(kind),
          .receipt = row.text(2),
          .user = row.text(3),
          .received_at = TimePoint(std::chrono::nanoseconds(row.integer(4))),
          .payload = row.text(5)};
}

/// What is thrown at the moment, as an Error.
std::exception_ptr current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return std::make_exception_ptr(error.within("store the call in the queue"));
  } catch (const std::exception& bug) {
    return std::make_exception_ptr(
        Error(ErrorKind::Internal, fmt::format("store the call in the queue: {}", bug.what())));
  }
}

}  // namespace

/// Keeps a second process out of the journal: two would give the same numbers. The kernel lets go when we die.
class Journal::FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& directory)
      : descriptor_(open((directory / kLockName).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    if (descriptor_ < 0)
      throw Error(errno == EACCES ? ErrorKind::Denied : ErrorKind::Unavailable,
                  fmt::format("open {}/{}: {}", directory.string(), kLockName, strerror(errno)));
    if (flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
    close(descriptor_);
    throw Error(ErrorKind::Locked,
                fmt::format("the queue {} is in use by another osbackupd: stop that one first", directory.string()));
  }
  ~FolderLock() { close(descriptor_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

Journal::Journal(JournalOptions options) : options_(std::move(options)) {
  const sql::SqliteOptions connection{.file = options_.directory / kFileName};
  writer_ = std::make_unique<sql::SqliteConnection>(connection);
  lock_ = std::make_unique<FolderLock>(options_.directory);
  sql::migrate(*writer_, schema());
  reader_ = std::make_unique<sql::SqliteConnection>(connection);
  const sql::Row found = writer_->query("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM calls", 2).at(0);
  stored_calls_ = static_cast<std::uint64_t>(found.integer(0));
  last_stored_seq_ = static_cast<std::uint64_t>(found.integer(1));
  thread_ = std::jthread([this] { run(); });
}

Journal::~Journal() { stop(); }

void Journal::append(Call call, Completion completion) {
  const std::size_t bytes = bytes_of(call);
  {
    const std::lock_guard lock(mutex_);
    if (refusing_) throw Error(ErrorKind::Unavailable, "the server is stopping");
    if (stored_calls_ + in_commit_ + waiting_.size() >= options_.calls_max ||
        waiting_bytes_ + bytes > options_.waiting_bytes_max)
      throw Error(ErrorKind::Unavailable, "the queue is full");
    waiting_.push_back({std::move(call), std::move(completion)});
    waiting_bytes_ += bytes;
  }
  work_.notify_one();
}

bool Journal::wait_for_calls(std::uint64_t seq, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  return stored_.wait(lock, stop, [&] { return last_stored_seq_ > seq; });
}

std::vector<Call> Journal::take(std::uint64_t after_seq, std::size_t calls_max) {
  std::vector<Call> calls;
  const std::vector<sql::Row> rows = reader_->query(
      "SELECT seq, kind, receipt, user, received_at, payload FROM calls WHERE seq > ? ORDER BY seq LIMIT ?", 6,
      {after_seq, calls_max});
  calls.reserve(rows.size());
  for (const sql::Row& row : rows) calls.push_back(call_of(row));
  return calls;
}

void Journal::finished(std::uint64_t up_to_seq) {
  {
    const std::lock_guard lock(mutex_);
    assert(up_to_seq <= last_stored_seq_);
    finished_seq_ = std::max(finished_seq_, up_to_seq);
  }
  work_.notify_one();
}

std::uint64_t Journal::depth() const {
  const std::lock_guard lock(mutex_);
  return stored_calls_ + in_commit_ + waiting_.size();
}

std::uint64_t Journal::last_stored_seq() const {
  const std::lock_guard lock(mutex_);
  return last_stored_seq_;
}

bool Journal::flush(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  refusing_ = true;
  return stored_.wait_for(lock, longest, [this] { return waiting_.empty() && in_commit_ == 0; });
}

void Journal::stop() {
  {
    const std::lock_guard lock(mutex_);
    refusing_ = true;
    stopping_ = true;
  }
  work_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// Whether there is any; false when the thread is to end.
bool Journal::wait_for_work(std::unique_lock<std::mutex>& lock, bool removal_failed) {
  const auto has_calls = [this] { return stopping_ || !waiting_.empty(); };
  // Without a pause a disk that refuses would be asked again at once, and without an end of it a full queue, which
  // takes no calls, would stay full.
  if (removal_failed)
    work_.wait_for(lock, kRemovalPause, has_calls);
  else
    work_.wait(lock, [&] { return has_calls() || finished_seq_ > removed_seq_; });
  if (!waiting_.empty()) return true;
  // What cannot be removed at the end is written twice at worst.
  return finished_seq_ > removed_seq_ && !(stopping_ && removal_failed);
}

void Journal::run() {
  bool removal_failed = false;
  while (true) {
    std::vector<Waiting> batch;
    std::uint64_t finished_seq = 0;
    {
      std::unique_lock lock(mutex_);
      if (!wait_for_work(lock, removal_failed)) return;
      batch.swap(waiting_);
      waiting_bytes_ = 0;
      in_commit_ = batch.size();
      finished_seq = finished_seq_;
    }

    std::exception_ptr problem;
    std::uint64_t removed = 0;
    try {
      removed = store(batch, finished_seq);
    } catch (...) {
      problem = current_error();
    }

    {
      const std::lock_guard lock(mutex_);
      in_commit_ = 0;
      if (!problem) {
        stored_calls_ = stored_calls_ + batch.size() - removed;
        if (!batch.empty()) last_stored_seq_ = batch.back().call.seq;
        removed_seq_ = finished_seq;
      }
      removal_failed = problem && finished_seq > removed_seq_;
    }
    stored_.notify_all();
    for (Waiting& waiting : batch) waiting.completion(problem);
  }
}

std::uint64_t Journal::store(std::vector<Waiting>& batch, std::uint64_t finished_seq) {
  if (!writer_ || writer_->broken()) {
    writer_.reset();
    writer_ = std::make_unique<sql::SqliteConnection>(sql::SqliteOptions{.file = options_.directory / kFileName});
  }
  sql::Transaction transaction(*writer_);
  // The reader finishes in order, so what is finished is always the beginning.
  const std::uint64_t removed = transaction.execute("DELETE FROM calls WHERE seq <= ?", {finished_seq});
  std::uint64_t seq = last_stored_seq();
  for (Waiting& waiting : batch) {
    Call& call = waiting.call;
    call.seq = ++seq;
    transaction.execute("INSERT INTO calls (seq, kind, receipt, user, received_at, payload) VALUES (?, ?, ?, ?, ?, ?)",
                        {call.seq, static_cast<int>(call.kind), call.receipt, call.user,
                         call.received_at.time_since_epoch().count(), call.payload});
  }
  transaction.commit();
  return removed;
}

}  // namespace osbackup::queue
