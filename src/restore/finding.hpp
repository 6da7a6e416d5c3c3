#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// One thing that is wrong with an archive.
struct Finding {
  std::string entry;  ///< The zip entry that it is in; empty when it is about the zip as a whole.
  std::string path;   ///< Of the one object that is concerned, as the index has it; empty when it is none, or several.
  std::string problem;  ///< Where, and what is wrong there: "line 7: mode is missing". Printable, on one line.
  std::string meaning;  ///< What is lost by it, and what can still be restored.

  bool operator==(const Finding&) const = default;
};

/// The same as a command that restores would say it.
Trouble to_trouble(const Finding& finding);

/// Hands each finding on at once, and counts, so that its memory is bounded. Thread-safe.
class FindingLog {
 public:
  /// `sink` gets every finding, one at a time.
  explicit FindingLog(std::function<void(const Finding&)> sink) : sink_(std::move(sink)) {}

  void add(const Finding& finding);
  std::uint64_t count() const;

 private:
  std::function<void(const Finding&)> sink_;
  mutable std::mutex mutex_;
  std::uint64_t count_ = 0;
};

}  // namespace osbackup::restore
