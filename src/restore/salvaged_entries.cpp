#include "restore/salvaged_entries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/index_path.hpp"
#include "archive/manifest.hpp"
#include "archive/tail_range.hpp"
#include "archive/tar_reader.hpp"
#include "archive/tar_writer.hpp"
#include "archive/zip_directory.hpp"
#include "archive/zip_format.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/memory_source.hpp"

namespace osbackup::restore {
namespace {

using archive::Entry;
using archive::EntryType;

constexpr std::size_t kEndBytes = 2 * archive::kTarRecordBytes;

/// The headers of one entry.
struct Headers {
  Entry entry;
  std::size_t bytes = 0;
  std::uint64_t stored_bytes = 0;  ///< The content that follows them in the tar.
};

/// Reads the headers that these bytes begin with; nothing at the end of a tar. Corrupt when they are none of ours.
std::optional<Headers> read_headers(std::span<const std::byte> bytes) {
  MemorySource source(bytes, 0);
  archive::TarReader reader(source);
  std::optional<Entry> entry = reader.next();
  if (!entry) return std::nullopt;
  const bool is_link = entry->type == EntryType::Hardlink;
  if (!archive::is_index_path(entry->path) || (is_link && !archive::is_index_path(entry->target)))
    throw Error(ErrorKind::Corrupt, "an entry with a path that no archive has");
  const std::uint64_t stored_bytes = reader.content_left();
  return Headers{.entry = *std::move(entry), .bytes = source.position(), .stored_bytes = stored_bytes};
}

/// Whether the writer would write these very headers for the entry that they are read as.
bool is_as_written(const Headers& headers, std::span<const std::byte> bytes) {
  constexpr std::uint32_t kDeviceNumberMax = (1U << 21U) - 1;
  const Entry& entry = headers.entry;
  // What it would not write at all.
  if ((entry.type == EntryType::Symlink && entry.target.empty()) || entry.extents.size() > archive::kExtentsMax ||
      std::max(entry.device_major, entry.device_minor) > kDeviceNumberMax)
    return false;
  for (std::size_t i = 0; i + 1 < entry.extents.size(); ++i)
    if (entry.extents[i].length % archive::kTarRecordBytes != 0) return false;
  std::vector<std::byte> written;
  archive::TarWriter(written).append_headers(entry);
  return written.size() == headers.bytes && std::equal(written.begin(), written.end(), bytes.begin());
}

bool is_end_of_tar(std::span<const std::byte> bytes) {
  return bytes.size() == kEndBytes &&
         std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

std::string to_text(const SalvageLoss& loss) {
  const std::string place = fmt::format("{} bytes of the archive from byte {} on{}", loss.length, loss.offset,
                                        loss.tar.empty() ? "" : ", in " + printable(loss.tar));
  if (!loss.after.empty() && loss.after == loss.before)
    return fmt::format("{} are damaged: the part of {} that they hold is lost", place, printable(loss.after));
  return fmt::format("{} are damaged: what lies {}{}{} is lost", place,
                     loss.after.empty() ? "at the begin" : "behind " + printable(loss.after),
                     loss.before.empty() ? "" : " and before ", printable(loss.before));
}

SalvagedEntries::SalvagedEntries(std::shared_ptr<const RangeReader> archive,
                                 std::function<void(const SalvageLoss&)> on_loss, std::stop_token stop)
    : archive_(std::move(archive)), on_loss_(std::move(on_loss)), stop_(std::move(stop)), tars_(places_of(archive_)) {
  std::reverse(tars_.begin(), tars_.end());
  if (tars_.empty()) members_ = std::make_unique<SalvagedMembers>(archive_, stop_);
}

/// Where the directories lie, if there is a central directory that leaves out no byte: then none of its numbers is
/// damaged.
std::vector<SalvagedEntries::Tar> SalvagedEntries::places_of(const std::shared_ptr<const RangeReader>& archive) {
  std::vector<Tar> tars;
  try {
    const archive::ZipDirectory zip(std::make_shared<archive::TailRange>(archive));
    std::uint64_t end = 0;
    for (const archive::ZipEntry& entry : zip.entries()) {
      const std::uint64_t offset = entry.header_offset + archive::zip::kWrittenHeaderBytes + entry.name.size();
      const bool is_behind_the_last = entry.header_offset == end;
      end = offset + entry.packed_bytes + archive::zip::kWrittenDescriptorBytes;
      if (!entry.is_stored() || !is_behind_the_last || end != entry.end_limit) return {};
      if (!entry.name.starts_with("osbackup/"))
        tars.push_back({.name = entry.name, .place = {.offset = offset, .length = entry.packed_bytes}});
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    return {};
  }
  return tars;
}

std::optional<SalvagedEntries::Piece> SalvagedEntries::next_piece() {
  while (true) {
    if (members_)
      if (std::optional<Piece> piece = members_->next()) return piece;
    members_.reset();
    if (tars_.empty()) return std::nullopt;
    const Tar tar = std::move(tars_.back());
    tars_.pop_back();
    members_ = std::make_unique<SalvagedMembers>(archive_, tar.place, stop_);
    return Piece{.kind = Piece::Kind::Entry, .offset = tar.place.offset, .entry = tar.name};
  }
}

std::optional<Entry> SalvagedEntries::next() {
  while (next_content()) continue;
  while (true) {
    if (rest_.empty() && !next_member()) return std::nullopt;
    if (std::optional<Entry> entry = take_entry()) return entry;
  }
}

/// Goes to the next member that entries begin in; false when there is none.
bool SalvagedEntries::next_member() {
  while (std::optional<Piece> piece = next_piece()) {
    switch (piece->kind) {
      case Piece::Kind::Entry:
        begin_tar(*piece);
        break;
      case Piece::Kind::Lost:
        lose(piece->offset, piece->length);
        lose_sync();
        break;
      case Piece::Kind::Member:
        if (piece->content.empty()) break;
        if (!is_synced_ && begins_an_entry(piece->content)) is_synced_ = true;
        if (is_synced_ && !has_ended_) {
          member_ = *piece;
          rest_ = member_.content;
          return true;
        }
        lose(piece->offset, piece->length);
        break;
    }
  }
  tell_loss("");
  return false;
}

void SalvagedEntries::begin_tar(const Piece& piece) {
  tell_loss("");
  tar_name_ = piece.entry;
  is_synced_ = true;
  has_ended_ = false;
  is_at_root_ = true;
  root_.clear();
  last_path_.clear();
}

/// Whether a member of which nobody knows what it goes on with can be no other than one that entries begin in: they end
/// with it, or one that is larger begins it.
bool SalvagedEntries::begins_an_entry(std::span<const std::byte> content) const {
  std::string last_path = last_path_;
  std::span<const std::byte> rest = content;
  while (!rest.empty()) {
    try {
      std::optional<Headers> headers = read_headers(rest);
      if (!headers) return is_end_of_tar(rest);
      if (!can_stand_here(headers->entry.path, last_path) || !is_as_written(*headers, rest)) return false;
      const std::uint64_t bytes = headers->bytes + archive::in_whole_records(headers->stored_bytes);
      if (bytes > rest.size()) return rest.size() == content.size();
      rest = rest.subspan(static_cast<std::size_t>(bytes));
      last_path = std::move(headers->entry.path);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      return false;
    }
  }
  return true;
}

bool SalvagedEntries::can_stand_here(std::string_view path, std::string_view last_path) const {
  return (root_.empty() || archive::lies_in(path, root_)) &&
         (last_path.empty() || archive::comes_before(last_path, path));
}

/// The entry that the rest of the member begins with; nothing when there is none, and the rest is used up.
std::optional<Entry> SalvagedEntries::take_entry() {
  std::optional<Headers> headers;
  try {
    headers = read_headers(rest_);
    if (headers && headers->bytes + archive::in_whole_records(headers->stored_bytes) > rest_.size() &&
        rest_.size() != member_.content.size())
      throw Error(ErrorKind::Corrupt, "a large entry in the middle of a member");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    lose(member_.offset, member_.length);
    lose_sync();
    rest_ = {};
    return std::nullopt;
  }
  if (!headers) {
    has_ended_ = true;
    rest_ = {};
    return std::nullopt;
  }
  rest_ = rest_.subspan(headers->bytes);
  entry_ = std::move(headers->entry);
  stored_ = 0;
  left_ = headers->stored_bytes;
  padding_ = archive::in_whole_records(left_) - left_;
  is_in_parts_ = left_ + padding_ > rest_.size();
  is_whole_ = true;
  is_in_place_ = true;
  extent_ = 0;
  in_extent_ = 0;
  last_path_ = entry_.path;
  // A directory that was configured by a link to it comes behind the link.
  if (is_at_root_ && entry_.type != EntryType::Symlink) {
    root_ = entry_.path;
    is_at_root_ = false;
  }
  tell_loss(entry_.path);
  return entry_;
}

std::optional<SalvagedEntries::Content> SalvagedEntries::next_content() {
  while (left_ > 0 && rest_.empty())
    if (!next_part()) return std::nullopt;
  if (left_ == 0) return std::nullopt;
  std::uint64_t bytes = std::min<std::uint64_t>(left_, rest_.size());
  Content content{.offset = stored_, .stored_offset = stored_, .bytes = {}};
  if (entry_.sparse) {
    while (in_extent_ == entry_.extents[extent_].length) {
      in_extent_ = 0;
      ++extent_;
    }
    const archive::Extent& extent = entry_.extents[extent_];
    bytes = std::min(bytes, extent.length - in_extent_);
    content.offset = extent.offset + in_extent_;
  }
  content.bytes = rest_.first(static_cast<std::size_t>(bytes));
  rest_ = rest_.subspan(content.bytes.size());
  go_over(bytes);
  if (left_ == 0) end_content();
  tell_loss(entry_.path);
  return content;
}

/// So many bytes of the content are given out, or lost.
void SalvagedEntries::go_over(std::uint64_t bytes) {
  stored_ += bytes;
  left_ -= bytes;
  while (entry_.sparse && bytes > 0) {
    const std::uint64_t step = std::min(bytes, entry_.extents[extent_].length - in_extent_);
    in_extent_ += step;
    bytes -= step;
    if (bytes == 0) break;
    in_extent_ = 0;
    ++extent_;
  }
}

/// Goes to what the content of the entry goes on with, or over what is lost of it; false when the rest of it is lost.
bool SalvagedEntries::next_part() {
  std::optional<Piece> piece = next_piece();
  if (!piece || piece->kind == Piece::Kind::Entry) {
    give_up_content();
    tell_loss("");
    if (piece) begin_tar(*piece);
    return false;
  }
  if (piece->kind == Piece::Kind::Member) {
    member_ = *piece;
    if (member_.content.size() <= left_ + padding_) {
      rest_ = member_.content;
      return true;
    }
    // It cannot be of this entry.
    give_up_content();
    lose_sync();
    if (begins_an_entry(member_.content)) {
      is_synced_ = true;
      rest_ = member_.content;
    } else {
      lose(member_.offset, member_.length);
    }
    return false;
  }
  lose(piece->offset, piece->length);
  is_whole_ = false;
  if (!piece->lost_content || *piece->lost_content > left_ + padding_) {
    give_up_content();
    lose_sync();
    return false;
  }
  const std::uint64_t content = std::min(*piece->lost_content, left_);
  go_over(content);
  padding_ -= *piece->lost_content - content;
  if (left_ == 0) end_content();
  return left_ > 0;
}

/// Goes over the padding behind the content, with which an entry in several members ends the last of them.
void SalvagedEntries::end_content() {
  const auto padding = static_cast<std::size_t>(std::min<std::uint64_t>(padding_, rest_.size()));
  rest_ = rest_.subspan(padding);
  const bool is_at_end = padding == std::exchange(padding_, 0);
  if (is_at_end && (!is_in_parts_ || rest_.empty() || is_end_of_tar(rest_))) return;
  // Then parts of it were not what they were taken for.
  is_whole_ = false;
  is_in_place_ = false;
  if (!rest_.empty()) lose(member_.offset, member_.length);
  lose_sync();
  rest_ = {};
}

void SalvagedEntries::give_up_content() {
  is_whole_ = false;
  left_ = 0;
  padding_ = 0;
}

void SalvagedEntries::lose(std::uint64_t offset, std::uint64_t length) {
  if (!loss_)
    loss_ = SalvageLoss{.tar = tar_name_, .offset = offset, .length = length, .after = last_path_, .before = {}};
  const std::uint64_t end = std::max(loss_->offset + loss_->length, offset + length);
  loss_->offset = std::min(loss_->offset, offset);
  loss_->length = end - loss_->offset;
}

void SalvagedEntries::lose_sync() {
  is_synced_ = false;
  is_at_root_ = false;
}

void SalvagedEntries::tell_loss(const std::string& before) {
  if (!loss_) return;
  loss_->before = before;
  on_loss_(*std::exchange(loss_, std::nullopt));
}

}  // namespace osbackup::restore
