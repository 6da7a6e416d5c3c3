#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "report/backup_report.hpp"

namespace osbackup::notify {

/// A report that the server has not accepted yet.
struct OutboxEntry {
  std::uint64_t number = 0;    ///< Its place in the order; given by the outbox.
  bool to_be_counted = false;  ///< `GET /countapi` comes before it and has not been answered `1` yet.
  report::BackupReport report;
};

/// The reports that wait for the server, in order, as files that survive a crash (docs/protocol.md). Holds 52; when it
/// is full the oldest report of a failed backup goes first, then the oldest. One thread at a time; one process at a
/// time, by the run's lock.
class Outbox {
 public:
  static constexpr std::size_t kEntriesMax = 52;

  /// Opens the folder, or makes it. A file in it that cannot be understood is renamed aside.
  explicit Outbox(std::filesystem::path folder);

  /// Oldest first.
  const std::vector<OutboxEntry>& entries() const noexcept { return entries_; }

  /// Appends a report; it is on disk when this returns. Returns what was dropped to make room: one line each.
  std::vector<std::string> add(bool to_be_counted, const report::BackupReport& report);

  /// Remembers that the entry's backup was counted.
  void mark_counted(std::uint64_t number);

  /// Called when the server accepted it.
  void remove(std::uint64_t number);

  /// Moves an entry that the server refuses for good to the folder `refused`, with the reason.
  void set_aside(std::uint64_t number, const std::string& reason);

 private:
  std::filesystem::path file_of(std::uint64_t number) const;
  void save(const OutboxEntry& entry) const;
  std::size_t index_of(std::uint64_t number) const;

  std::filesystem::path folder_;
  std::vector<OutboxEntry> entries_;
};

}  // namespace osbackup::notify
