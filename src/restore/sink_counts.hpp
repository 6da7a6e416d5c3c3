#pragma once

#include <cstdint>
#include <mutex>

#include "archive/entry.hpp"

namespace osbackup::restore {

/// What a sink did with the objects of an archive; or would have done, if it only looks.
struct SinkCounts {
  std::uint64_t files = 0;  ///< That are restored, as the next ones.
  std::uint64_t directories = 0;
  std::uint64_t symlinks = 0;
  std::uint64_t hardlinks = 0;
  std::uint64_t fifos = 0;
  std::uint64_t devices = 0;
  std::uint64_t content_bytes = 0;  ///< Of the restored files, holes counted.
  std::uint64_t replaced = 0;       ///< Of the restored objects, those that took the place of another.
  std::uint64_t unchanged = 0;      ///< Not restored: there as the archive has them.
  std::uint64_t kept = 0;           ///< Not restored: something is there, and stays.
  std::uint64_t kept_in_part = 0;   ///< Not restored, but what there is of a damaged file, under another name.

  bool operator==(const SinkCounts&) const = default;
};

/// Counts as objects are done. Thread-safe.
class SinkCounter {
 public:
  /// `size` is a file's.
  void add_restored(archive::EntryType type, std::uint64_t size, bool replaces);
  void add_unchanged();
  void add_kept();
  void add_kept_in_part();

  SinkCounts counts() const;

 private:
  mutable std::mutex mutex_;
  SinkCounts counts_;
};

}  // namespace osbackup::restore
