#include "restore/ordered_entries.hpp"

#include <optional>
#include <utility>

#include "restore/entry_sorter.hpp"
#include "restore/sequential_entries.hpp"
#include "restore/tar_entries.hpp"
#include "system/owner_names.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using archive::IndexEntry;

/// The lines of an index, below one path after the other.
class IndexEntries final : public archive::EntrySource {
 public:
  IndexEntries(archive::ArchiveReader& archive, std::vector<std::string> paths)
      : archive_(archive), paths_(std::move(paths)) {
    if (paths_.empty()) paths_.emplace_back(".");
  }

  std::optional<IndexEntry> next() override {
    while (true) {
      if (!lines_) {
        if (next_path_ == paths_.size()) return std::nullopt;
        lines_.emplace(archive_.list(paths_[next_path_++]));
      }
      if (std::optional<IndexEntry> line = lines_->next()) {
        follow_link(*line);
        return line;
      }
      lines_.reset();
    }
  }

 private:
  /// The line of a hard link has the digest of a file, and says nothing of a symbolic link, a FIFO or a device. These
  /// hardly ever have several names: it may cost a read.
  void follow_link(IndexEntry& line) {
    if (line.entry.type != EntryType::Hardlink || line.digest) return;
    std::optional<IndexEntry> target = archive_.find(line.entry.target);
    if (!target || target->entry.type == EntryType::Hardlink || target->entry.type == EntryType::File) return;
    target->entry.path = std::move(line.entry.path);
    line = std::move(*target);
  }

  archive::ArchiveReader& archive_;
  std::vector<std::string> paths_;
  std::size_t next_path_ = 0;
  std::optional<archive::IndexReader::Lines> lines_;
};

/// Entries that were sorted.
class SortedEntries final : public archive::EntrySource {
 public:
  SortedEntries(archive::EntrySource& entries, const std::filesystem::path& scratch_directory)
      : sorter_(scratch_directory, SortKey::Path) {
    while (std::optional<IndexEntry> entry = entries.next()) sorter_.add(std::move(*entry));
    sorted_ = sorter_.sorted();
  }

  std::optional<IndexEntry> next() override { return sorted_->next(); }

 private:
  EntrySorter sorter_;
  std::unique_ptr<archive::EntrySource> sorted_;
};

}  // namespace

std::unique_ptr<archive::EntrySource> entries_in_order(archive::ArchiveReader& archive, const OrderedEntries& wanted) {
  if (!archive.manifest()) {
    SequentialEntries tars(archive, {.paths = wanted.paths,
                                     .ids = {.user = system::user_id, .group = system::group_id},
                                     .on_trouble = wanted.on_trouble});
    return entries_of_tars(tars, wanted);
  }
  auto entries = std::make_unique<IndexEntries>(archive, wanted.paths);
  if (archive.is_in_order()) return entries;
  return std::make_unique<SortedEntries>(*entries, wanted.scratch_directory);
}

}  // namespace osbackup::restore
