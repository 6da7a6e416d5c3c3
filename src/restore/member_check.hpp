#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "archive/index_entry.hpp"
#include "restore/large_file.hpp"
#include "restore/span_planner.hpp"

namespace osbackup::restore {

/// Who is told what is wrong. Thread-safe.
class DataReport {
 public:
  using Told = std::function<void(const std::string& path, const std::string& problem, bool is_harmless)>;

  explicit DataReport(Told told) : told_(std::move(told)) {}

  /// With the object of a path, or with something that has none.
  void operator()(const std::string& path, const std::string& problem) const { told_(path, problem, false); }

  /// And costs nothing: `restore --keep-going` gets out everything that is concerned.
  void tell_harmless(const std::string& problem) const { told_({}, problem, true); }

 private:
  Told told_;
};

/// In what an object's entry in the tar is not what its line in the index says, as names for people: "mode, mtime".
/// Empty when they agree. Content is not compared. Thread-safe.
std::string differences(const archive::IndexEntry& line, const archive::Entry& entry);

/// What is known of a member's content.
struct MemberFacts {
  bool knows_lines = true;  ///< Whether the lines of all entries that begin in it are known.
  bool ends_tar = false;    ///< Whether the tar has to end with it.
};

/// Compares the content of a member, whose entries all end in it, with the lines of the index that point to it: each
/// entry, the digest of each content, and that there is nothing else. Thread-safe.
void check_member(std::span<const std::byte> content, const std::vector<archive::IndexEntry>& lines, MemberFacts facts,
                  const DataReport& report);

/// Checks an object that goes on in several members, as check_member does. Threads take its slices at once. Of damage
/// it is told what `restore --keep-going` cannot get out.
class LargeFileCheck {
 public:
  /// `report` outlives it.
  LargeFileCheck(archive::IndexEntry line, FileSpan span, const DataReport& report);

  /// As LargeFile: slices are begun in order.
  void take(const TarSlice& slice);
  void lose(std::size_t number, bool is_last, const Error& why);
  void lose_from(std::size_t number, const Error& why);
  std::optional<Error> damage_before(std::size_t number) const { return file_.damage_before(number); }

 private:
  template <class Take>
  void report_outcome(Take take);

  PlannedObject object_;
  const DataReport& report_;
  LargeFile file_;
};

/// Reports what of a file in several members cannot be had, whose first member is damaged.
void check_damaged_file(archive::IndexEntry line, FileSpan span, const Error& why, const DataReport& report);

}  // namespace osbackup::restore
