#include "restore/listing.hpp"

#include <utility>

#include "archive/index_path.hpp"

namespace osbackup::restore {

using archive::Entry;
using archive::IndexEntry;

Listing::Listing(archive::ArchiveReader& archive, ListingOrder order) : archive_(archive), order_(std::move(order)) {}

std::optional<IndexEntry> Listing::next() { return archive_.manifest() ? next_in_index() : next_in_sequence(); }

std::optional<IndexEntry> Listing::next_in_index() {
  // What cannot be opened once is not tried again.
  if (!lines_ && std::exchange(is_opened_, true)) return std::nullopt;
  if (!order_.with_below) return archive_.find(order_.path);
  if (!lines_) lines_.emplace(archive_.list(order_.path));
  return lines_->next();
}

std::optional<IndexEntry> Listing::next_in_sequence() {
  if (!entries_ && std::exchange(is_opened_, true)) return std::nullopt;
  if (!entries_)
    entries_ = std::make_unique<SequentialEntries>(
        archive_, SequentialOrder{.paths = {order_.path}, .ids = {}, .on_trouble = order_.on_trouble});
  while (std::optional<Entry> entry = entries_->next()) {
    const bool is_listed = order_.with_below ? archive::lies_in(entry->path, order_.path) : entry->path == order_.path;
    if (is_listed)
      return IndexEntry{.entry = *std::move(entry), .digest = {}, .attributes_digest = {}, .placement = {}};
  }
  return std::nullopt;
}

}  // namespace osbackup::restore
