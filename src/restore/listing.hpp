#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "archive/archive_reader.hpp"
#include "archive/entry_source.hpp"
#include "restore/sequential_entries.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// Which objects of an archive are listed.
struct ListingOrder {
  std::string path;        ///< As the index has it.
  bool with_below = true;  ///< All that lies below it, too.
  /// Gets what is to be said of an archive without an index.
  std::function<void(const Trouble&)> on_trouble;
};

/// The objects of an archive, whether it has an index or is gone through in sequence. One thread at a time.
class Listing final : public archive::EntrySource {
 public:
  /// The archive outlives it.
  Listing(archive::ArchiveReader& archive, ListingOrder order);

  /// The next one, in the archive's order; nothing at the end. Without an index there is no more than what the tar says
  /// of it: no digests, no placement. Corrupt where the archive is damaged: then the next call goes on behind the
  /// damage.
  std::optional<archive::IndexEntry> next() override;

 private:
  std::optional<archive::IndexEntry> next_in_index();
  std::optional<archive::IndexEntry> next_in_sequence();

  archive::ArchiveReader& archive_;
  ListingOrder order_;
  std::optional<archive::IndexReader::Lines> lines_;
  std::unique_ptr<SequentialEntries> entries_;
  bool is_opened_ = false;  ///< It was tried: what cannot be opened is not tried again.
};

}  // namespace osbackup::restore
