#pragma once

#include <cstdint>
#include <mutex>
#include <utility>

#include "restore/done_object.hpp"

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

/// Counts objects as they are done, and tells who listens. Thread-safe.
class SinkCounter {
 public:
  /// Without a listener, counts alone.
  explicit SinkCounter(ObjectListener listener = {}) : listener_(std::move(listener)) {}

  /// `path` gives the object's path; asked only when somebody listens.
  template <class Path>
  void add(const DoneObject& object, const Path& path) {
    count(object);
    if (listener_) listener_(object, path());
  }

  SinkCounts counts() const;

 private:
  void count(const DoneObject& object);

  ObjectListener listener_;
  mutable std::mutex mutex_;
  SinkCounts counts_;
};

}  // namespace osbackup::restore
