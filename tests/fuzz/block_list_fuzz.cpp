#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "archive/block_list.hpp"
#include "archive/gzip_member.hpp"
#include "core/error.hpp"

namespace {

using namespace osbackup;

/// What the manifest would say of the index that these lines are the blocks of; nothing they cannot be blocks.
archive::LinesSummary index_of(std::string_view text) {
  archive::LinesSummary index;
  while (const auto line = archive::take_line(text)) {
    const archive::IndexBlock block = archive::parse_block_line(*line);
    index.length += block.length;
    index.lines += block.lines;
  }
  return index;
}

std::uint64_t count(const archive::BlockList& list, const archive::PathRange& range) {
  archive::BlockList::Search search(list, range);
  std::uint64_t blocks = 0;
  while (search.next()) ++blocks;
  return blocks;
}

}  // namespace

// Lines are refused as a list of blocks with Corrupt, or give each block for its own paths, and all for all.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Two members, so that there is more than one group.
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t half = text.find('\n', size / 2);
  const std::size_t cut = half == std::string_view::npos ? size : half + 1;
  archive::GzipMemberEncoder encoder(archive::Compression::Fast);
  std::vector<std::byte> buffer;
  std::vector<std::byte> list;
  for (const std::string_view part : {text.substr(0, cut), text.substr(cut)}) {
    const auto member = encoder.encode(std::as_bytes(std::span(part)), buffer);
    list.insert(list.end(), member.begin(), member.end());
  }
  archive::LinesSummary blocks{.length = list.size(), .sha256 = crypto::sha256(list)};
  for (const char c : text)
    if (c == '\n') ++blocks.lines;
  try {
    const archive::LinesSummary index = index_of(text);
    const archive::BlockList opened(std::make_shared<MemoryRange>(list), blocks, index);
    if (count(opened, {.path = ".", .with_below = true}) != blocks.lines) std::abort();
    while (const auto line = archive::take_line(text)) {
      const archive::IndexBlock block = archive::parse_block_line(*line);
      if (count(opened, {.path = block.first}) == 0 || count(opened, {.path = block.last}) == 0) std::abort();
      if (count(opened, {.path = block.last, .with_below = true}) < count(opened, {.path = block.last})) std::abort();
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) std::abort();
  }
  return 0;
}
