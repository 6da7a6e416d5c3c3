#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "archive/archive_reader.hpp"

namespace osbackup::restore {

/// Reads and parses lines of an index on a thread of its own, a few thousand ahead of who asks for them. One thread at
/// a time.
class LinesAhead {
 public:
  /// The lines of these paths and of all below each, one path after the other. The archive outlives it.
  LinesAhead(archive::ArchiveReader& archive, const std::vector<std::string>& paths);
  ~LinesAhead();
  LinesAhead(const LinesAhead&) = delete;
  LinesAhead& operator=(const LinesAhead&) = delete;

  struct Line {
    archive::IndexEntry entry;
    std::size_t path = 0;  ///< Number of the path that it was found for.
  };

  /// The next line; waits for it. After Corrupt the next call goes on behind the damaged block; other errors end it.
  std::optional<Line> next();

 private:
  /// Lines, or what came instead of the next ones.
  struct Batch {
    std::vector<Line> lines;
    std::exception_ptr problem;
    bool is_last = false;
  };

  void read(const std::stop_token& stop);
  bool put(Batch batch, const std::stop_token& stop);

  std::vector<archive::IndexReader::Lines> lines_;  ///< Of each path; the thread's.
  std::size_t path_ = 0;                            ///< The thread's.
  std::mutex mutex_;
  std::condition_variable_any room_;
  std::condition_variable_any filled_;
  std::deque<Batch> batches_;  ///< Guarded by the mutex.
  Batch batch_;                ///< What next() gives from.
  std::size_t next_ = 0;
  std::jthread thread_;
};

}  // namespace osbackup::restore
