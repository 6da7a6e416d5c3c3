#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace osbackup::backup {

/// What a warning means for the archive.
enum class WarningKind {
  Note,     ///< Left out by rule, nothing the user asked for is lost: a socket, a mount not entered.
  Changed,  ///< Stored, but it changed while it was read.
  Trouble,  ///< About the run itself: a connection that broke, a report that waits.
  Missing,  ///< Not stored, or not whole: unreadable, vanished, shorter than it was.
};

/// One thing that a backup's reader should know about.
struct Warning {
  WarningKind kind = WarningKind::Note;
  std::string path;    ///< Absolute, raw bytes; empty when it is about the run.
  std::string reason;  ///< A sentence's end: "Permission denied".

  bool operator==(const Warning&) const = default;
};

/// `/etc/x: Permission denied`, printable, on one line.
std::string to_line(const Warning& warning);

/// Counts a run's warnings and hands each on at once; keeps only the first few, so its memory is bounded. Thread-safe.
class WarningLog {
 public:
  /// How many are kept for a mail or a summary.
  static constexpr std::size_t kKept = 20;

  struct Counts {
    std::uint64_t notes = 0;
    std::uint64_t changed = 0;
    std::uint64_t troubles = 0;
    std::uint64_t missing = 0;

    std::uint64_t all() const noexcept { return notes + changed + troubles + missing; }
  };

  /// `sink` gets every warning, one at a time.
  explicit WarningLog(std::function<void(const Warning&)> sink) : sink_(std::move(sink)) {}

  void add(const Warning& warning);
  Counts counts() const;

  /// The first warnings, those about missing files before the others.
  std::vector<Warning> first() const;

 private:
  std::function<void(const Warning&)> sink_;
  mutable std::mutex mutex_;
  Counts counts_;
  std::vector<Warning> missing_;
  std::vector<Warning> others_;
};

}  // namespace osbackup::backup
