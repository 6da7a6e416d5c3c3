#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/entry_source.hpp"
#include "crypto/digest.hpp"
#include "restore/entry_comparison.hpp"
#include "restore/restore_progress.hpp"

namespace osbackup::restore {

/// What became of one path.
struct Change {
  enum class Kind {
    Added,
    Removed,
    Content,   ///< Of a file; a link leads elsewhere, a device node is of another device.
    Metadata,  ///< Nothing but mode, owner, time, attributes or flags.
    Type,
  };

  Kind kind = Kind::Added;
  archive::Entry entry;              ///< As it is now; of what was removed, as it was.
  std::vector<ChangedField> fields;  ///< Nothing of what was added or removed.
};

/// The letter that stands for a kind: `+` `-` `M` `U` `T`.
char letter_of(Change::Kind kind) noexcept;

/// How many paths had which end.
struct DiffCounts {
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t content = 0;
  std::uint64_t metadata = 0;
  std::uint64_t type = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t passed_over = 0;  ///< That the live system was not asked for.
  std::uint64_t unread = 0;       ///< Files of the live system of which only the metadata could be compared.

  std::uint64_t changes() const noexcept { return added + removed + content + metadata + type; }
};

/// One of the two states that are compared.
struct DiffSide {
  /// In the order of archives; of several entries with one path the first counts. They outlive the comparison.
  archive::EntrySource& entries;
  /// Otherwise they come from tars, which know no flags, and may know no fractions of a second.
  bool has_index = true;
};

/// What the live system is asked when it is the second side. All are about the object that it gave last, but the last.
struct LiveAnswers {
  /// The digest of a file's content; nothing, of which somebody was told, when it cannot be read.
  std::function<std::optional<crypto::Sha256Digest>()> digest;
  /// Whether the flags could be read.
  std::function<bool()> knows_flags;
  /// Whether an object of the archive that did not come was not looked for, or could not be: then it is not removed.
  std::function<bool(const archive::Entry&)> is_passed_over;
  /// Reads also the files whose size and time of modification are those in the archive.
  bool reads_all = false;
};

/// Tells what changed from one state of a tree to another, path by path in the order of archives, with memory for two
/// entries. One thread at a time.
class Diff {
 public:
  struct Options {
    /// Which the sides were made for, in the order of archives, none inside another: they give nothing else. Empty:
    /// everything.
    std::vector<std::string> paths;
    std::optional<LiveAnswers> live;
    std::stop_token stop;                 ///< Ends it with Cancelled.
    RestoreProgress* progress = nullptr;  ///< Is told how many entries of the first side are done, if there is one.
  };

  Diff(DiffSide before, DiffSide after, Options options);

  /// The next path that is not what it was; nothing behind the last. Errors are those of the sides.
  std::optional<Change> next();

  /// So far.
  const DiffCounts& counts() const noexcept { return counts_; }

  /// At the end: those of the paths that neither side has.
  std::vector<std::string> missing_paths() const;

 private:
  /// A side, with the entry that comes next.
  class Cursor {
   public:
    explicit Cursor(archive::EntrySource& source) : source_(source), entry_(source.next()) {}

    const archive::IndexEntry* entry() const noexcept { return entry_ ? &*entry_ : nullptr; }
    /// Gives it, and goes on to the next path.
    archive::IndexEntry take();

   private:
    archive::EntrySource& source_;
    std::optional<archive::IndexEntry> entry_;
  };

  std::optional<Change> step();
  std::optional<Change> take_removed();
  std::optional<Change> take_both();
  bool content_differs(const archive::IndexEntry& before, const archive::IndexEntry& after);
  void count(Change::Kind kind) noexcept;
  void note_path(const std::string& path);

  Cursor before_;
  Cursor after_;
  Options options_;
  bool have_indexes_ = false;
  DiffCounts counts_;
  std::vector<bool> seen_;   ///< Which of the paths.
  std::size_t at_path_ = 0;  ///< The one that was seen last.
};

}  // namespace osbackup::restore
