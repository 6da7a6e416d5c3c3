#include "restore/tar_entries.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "archive/index_path.hpp"
#include "archive/index_writer.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "crypto/sliced_digest.hpp"
#include "restore/entry_sorter.hpp"
#include "restore/object_work.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using archive::IndexEntry;

constexpr std::size_t kPieceBytes = 1U << 20U;

/// What an index would say of the entries of tars, in their sequence.
class DescribedEntries final : public archive::EntrySource {
 public:
  DescribedEntries(EntryStream& tars, const OrderedEntries& wanted)
      : tars_(tars), wanted_(wanted), piece_(kPieceBytes) {}

  std::optional<IndexEntry> next() override {
    std::optional<archive::Entry> entry = tars_.next();
    if (!entry) return std::nullopt;
    expect_not_stopped();
    IndexEntry line{.entry = std::move(*entry), .digest = {}, .attributes_digest = {}, .placement = {}};
    for (const std::string& name : tars_.lost_attributes())
      wanted_.on_trouble({.kind = Trouble::Kind::Failed,
                          .path = line.entry.path,
                          .reason = "the tar has no value for its attribute " + printable(name) + " to compare"});
    if (line.entry.type == EntryType::File) line.digest = digest_of(line.entry);
    if (!line.entry.attributes.empty()) line.attributes_digest = archive::attributes_digest(line.entry.attributes);
    line.entry.attributes.clear();
    line.entry.extents.clear();
    line.entry.sparse = false;
    return line;
  }

 private:
  /// Nothing for a file with more holes than are hashed.
  std::optional<crypto::Sha256Digest> digest_of(const archive::Entry& entry) {
    if (entry.size - archive::stored_bytes(entry) > kHashedHolesMax) return std::nullopt;
    crypto::SlicedDigest digest;
    for (archive::Extent extent : archive::content_extents(entry)) {
      while (extent.length > 0) {
        expect_not_stopped();
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(extent.length, piece_.size()));
        const auto piece = std::span(piece_).first(wanted);
        if (tars_.read(piece) < wanted)
          throw Error(ErrorKind::Corrupt, printable(entry.path) + ": its content ends too early");
        digest.update(extent.offset, piece, wanted_.stop);
        if (wanted_.progress != nullptr) wanted_.progress->bytes += wanted;
        extent.offset += wanted;
        extent.length -= wanted;
      }
    }
    return digest.finish(entry.size, wanted_.stop);
  }

  void expect_not_stopped() const {
    if (wanted_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the reading of the archive was stopped");
  }

  EntryStream& tars_;
  const OrderedEntries& wanted_;
  std::vector<std::byte> piece_;
};

/// Entries in order, with hard links that were followed.
class FollowedEntries final : public archive::EntrySource {
 public:
  FollowedEntries(archive::EntrySource& entries, OrderedEntries wanted)
      : wanted_(std::move(wanted)), entries_(wanted_.scratch_directory, SortKey::Path) {
    EntrySorter links(wanted_.scratch_directory, SortKey::Target);
    while (std::optional<IndexEntry> entry = entries.next())
      (entry->entry.type == EntryType::Hardlink ? links : entries_).add(std::move(*entry));
    if (!links.empty()) follow(links);
    sorted_ = entries_.sorted();
  }

  std::optional<IndexEntry> next() override {
    while (std::optional<IndexEntry> entry = sorted_->next()) {
      const auto holds = [&](const std::string& path) { return archive::lies_in(entry->entry.path, path); };
      if (wanted_.paths.empty() || std::any_of(wanted_.paths.begin(), wanted_.paths.end(), holds)) return entry;
    }
    return std::nullopt;
  }

 private:
  /// Links and the others side by side, both in the order of what is linked to.
  void follow(EntrySorter& links) {
    EntrySorter followed(wanted_.scratch_directory, SortKey::Path);
    const auto sorted_links = links.sorted();
    const auto targets = entries_.sorted();
    std::optional<IndexEntry> target = targets->next();
    while (std::optional<IndexEntry> link = sorted_links->next()) {
      const std::string& wanted = link->entry.target;
      while (target && archive::comes_before(target->entry.path, wanted)) target = targets->next();
      if (target && target->entry.path == wanted) {
        std::string path = std::move(link->entry.path);
        link = target;
        link->entry.path = std::move(path);
      }
      followed.add(std::move(*link));
    }
    const auto sorted = followed.sorted();
    while (std::optional<IndexEntry> entry = sorted->next()) entries_.add(std::move(*entry));
  }

  OrderedEntries wanted_;
  EntrySorter entries_;
  std::unique_ptr<archive::EntrySource> sorted_;
};

}  // namespace

std::unique_ptr<archive::EntrySource> entries_of_tars(EntryStream& tars, const OrderedEntries& wanted) {
  DescribedEntries entries(tars, wanted);
  return std::make_unique<FollowedEntries>(entries, wanted);
}

}  // namespace osbackup::restore
