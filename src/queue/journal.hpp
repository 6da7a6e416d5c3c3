#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "queue/call.hpp"
#include "sql/connection.hpp"

namespace osbackup::queue {

/// How much the journal holds before it refuses.
struct JournalOptions {
  std::filesystem::path directory;             ///< Made with mode 0700 when it is missing.
  std::uint64_t calls_max = 1'000'000;         ///< Stored or waiting to be stored.
  std::size_t waiting_bytes_max = 64U << 20U;  ///< In memory, waiting to be stored.
};

/// Told once what became of a call: nothing, it is safe on disk; or why it is not. Called on the journal's thread; must
/// not block and must not throw.
using Completion = std::function<void(std::exception_ptr)>;

/// The durable queue between the HTTP side and the database.
///
/// One thread writes: it commits all calls that gathered during its last commit as one transaction, and then tells
/// them. Calls leave in the order of their `seq`, and stay on disk until they are finished. All functions may be called
/// from several threads at once, but take() and wait_for_calls() belong to one reader.
class Journal {
 public:
  /// Opens the journal, with all that an earlier process left in it. Locked when another process has it.
  explicit Journal(JournalOptions options);

  /// As stop().
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Hands a call over; `completion` is called when it is safe, or lost. Unavailable, at once and without calling
  /// `completion`, when the journal is full or stopped.
  void append(Call call, Completion completion);

  /// Waits until calls after `seq` are stored. False when `stop` was requested instead.
  bool wait_for_calls(std::uint64_t seq, const std::stop_token& stop);

  /// The oldest stored calls after `after_seq`, at most `calls_max`, in order.
  std::vector<Call> take(std::uint64_t after_seq, std::size_t calls_max);

  /// The calls up to this one are in the database: they leave the journal with its next commit.
  void finished(std::uint64_t up_to_seq);

  /// Calls that are stored and not finished, or waiting to be stored.
  std::uint64_t depth() const;

  /// The newest call that is stored; 0 when there is none.
  std::uint64_t last_stored_seq() const;

  /// Refuses new calls from now on, and waits until those that were accepted are stored, or cannot be. False when
  /// `longest` was over before.
  bool flush(std::chrono::milliseconds longest);

  /// Refuses new calls, stores and tells those that were accepted, and ends the thread. May be called again.
  void stop();

 private:
  struct Waiting {
    Call call;
    Completion completion;
  };

  void run();
  bool wait_for_work(std::unique_lock<std::mutex>& lock, bool removal_failed);
  std::uint64_t store(std::vector<Waiting>& batch, std::uint64_t finished_seq);

  const JournalOptions options_;
  class FolderLock;
  std::unique_ptr<FolderLock> lock_;
  std::unique_ptr<sql::Connection> writer_;  ///< The journal thread's own.
  std::unique_ptr<sql::Connection> reader_;  ///< take()'s own.

  mutable std::mutex mutex_;
  std::condition_variable_any work_;    ///< For the journal thread.
  std::condition_variable_any stored_;  ///< For the reader and flush().
  std::vector<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::uint64_t in_commit_ = 0;     ///< Calls that the journal thread took from `waiting_`.
  std::uint64_t stored_calls_ = 0;  ///< Rows on disk.
  std::uint64_t last_stored_seq_ = 0;
  std::uint64_t finished_seq_ = 0;
  std::uint64_t removed_seq_ = 0;  ///< Finished, and gone from the disk.
  bool refusing_ = false;          ///< New calls.
  bool stopping_ = false;

  std::jthread thread_;  ///< Last: it uses all of the above. Joined by stop().
};

}  // namespace osbackup::queue
