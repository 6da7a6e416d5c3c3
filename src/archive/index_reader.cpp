#include "archive/index_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/index_path.hpp"
#include "archive/part_range.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

std::shared_ptr<const RangeReader> open_list(const std::shared_ptr<const RangeReader>& archive,
                                             const ManifestList& list) {
  return std::make_shared<PartRange>(archive, ZipPlace{.offset = list.offset, .length = list.summary.length});
}

/// The most that is read of the index at once, but for a block that is longer by itself.
constexpr std::size_t kReadBytesMax = 4U << 20U;

/// How much of a path an error shows.
constexpr std::size_t kPathShownMax = 200;

[[noreturn]] void throw_corrupt(const std::string& what) { throw Error(ErrorKind::Corrupt, what); }

}  // namespace

IndexReader::IndexReader(const std::shared_ptr<const RangeReader>& archive, const Manifest& manifest) {
  for (const ManifestDirectory& directory : manifest.directories) directories_.push_back(directory.place);
  try {
    blocks_ = std::make_unique<BlockList>(open_list(archive, manifest.blocks), manifest.blocks.summary,
                                          manifest.index.summary);
  } catch (const Error& error) {
    throw error.within(kBlocksEntry);
  }
  index_ = open_list(archive, manifest.index);
}

std::optional<IndexEntry> IndexReader::find(const std::string& path) const {
  return Lines(*this, {.path = path, .with_below = false}).next();
}

ZipPlace IndexReader::span_of(const IndexEntry& entry) const {
  const Placement& place = entry.placement;
  if (place.directory >= directories_.size())
    throw_corrupt(fmt::format("dir {}, and there are {} directories", place.directory, directories_.size()));
  const ZipPlace& directory = directories_[static_cast<std::size_t>(place.directory)];
  if (place.span == 0 || place.member > directory.length || place.span > directory.length - place.member)
    throw_corrupt(fmt::format("{} bytes at {} are not inside the {} of directory {}", place.span, place.member,
                              directory.length, place.directory));
  return {.offset = directory.offset + place.member, .length = place.span};
}

std::vector<IndexEntry> IndexReader::lines_of(const IndexBlock& block, std::span<const std::byte> member) const {
  if (crypto::sha256(member) != block.sha256) throw_corrupt("the digest does not match the one in the list of blocks");
  const std::string text = inflate_lines(member);
  std::vector<IndexEntry> entries;
  std::string_view rest = text;
  while (const std::optional<std::string_view> line = take_line(rest)) {
    try {
      IndexEntry entry = parse_index_line(*line);
      span_of(entry);
      entries.push_back(std::move(entry));
    } catch (const Error& error) {
      throw error.within(fmt::format("line {}", entries.size() + 1));
    }
  }
  if (entries.size() != block.lines)
    throw_corrupt(fmt::format("{} lines, and the list of blocks says {}", entries.size(), block.lines));
  if (entries.front().entry.path != block.first || entries.back().entry.path != block.last)
    throw_corrupt("it begins or ends with another path than the list of blocks says");
  const auto is_out_of_order = [](const IndexEntry& left, const IndexEntry& right) {
    return !comes_before(left.entry.path, right.entry.path);
  };
  if (std::adjacent_find(entries.begin(), entries.end(), is_out_of_order) != entries.end())
    throw_corrupt("its paths are not in order");
  return entries;
}

IndexReader::Lines::Lines(const IndexReader& index, PathRange range)
    : index_(index), range_(range), search_(*index.blocks_, std::move(range)) {}

std::optional<IndexEntry> IndexReader::Lines::next() {
  while (true) {
    while (next_line_ < lines_.size()) {
      IndexEntry& line = lines_[next_line_++];
      if (range_.contains(line.entry.path)) return std::move(line);
    }
    if (blocks_.empty() && !read_blocks()) return std::nullopt;
    const IndexBlock block = std::move(blocks_.front());
    blocks_.pop_front();
    const auto member = std::span(bytes_).subspan(used_bytes_, static_cast<std::size_t>(block.length));
    used_bytes_ += member.size();
    lines_.clear();
    next_line_ = 0;
    try {
      lines_ = index_.lines_of(block, member);
    } catch (const Error& error) {
      throw error.within(fmt::format("{}, the block at byte {} with {} to {}", kIndexEntry, block.offset,
                                     printable(block.first, kPathShownMax), printable(block.last, kPathShownMax)));
    }
  }
}

/// Reads the next blocks that lie together; false when there are none left.
bool IndexReader::Lines::read_blocks() {
  if (!found_) found_ = search_.next();
  if (!found_) return false;
  const std::uint64_t begin = found_->offset;
  std::uint64_t end = begin;
  try {
    do {
      end += found_->length;
      blocks_.push_back(*std::exchange(found_, std::nullopt));
      found_ = search_.next();
    } while (found_ && found_->offset == end && end - begin + found_->length <= kReadBytesMax);
    bytes_.resize(static_cast<std::size_t>(end - begin));
    used_bytes_ = 0;
    index_.index_->read(begin, bytes_);
  } catch (...) {
    blocks_.clear();
    throw;
  }
  return true;
}

}  // namespace osbackup::archive
