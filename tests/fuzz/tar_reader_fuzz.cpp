#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "archive/tar_reader.hpp"
#include "core/error.hpp"
#include "core/range_source.hpp"

// A tar is Corrupt somewhere, or gone through to its end; every entry is one that a restorer can rely on.
namespace {

using namespace osbackup;

void expect(bool is_true) {
  if (!is_true) std::abort();
}

void check(const archive::Entry& entry, std::uint64_t content_left) {
  using archive::EntryType;
  const bool is_file = entry.type == EntryType::File;
  expect(!entry.path.empty() && entry.path.find('\0') == std::string::npos);
  expect((entry.mode & ~07777U) == 0);
  expect(is_file || (entry.size == 0 && content_left == 0));
  expect(content_left == archive::stored_bytes(entry));
  expect(entry.mtime.tv_nsec >= 0 && entry.mtime.tv_nsec < 1'000'000'000);
  expect((entry.type == EntryType::Symlink || entry.type == EntryType::Hardlink) == !entry.target.empty());
  expect(entry.target.find('\0') == std::string::npos);
  std::uint64_t end = 0;
  for (const archive::Extent& extent : entry.extents) {
    expect(extent.offset >= end && extent.length > 0 && extent.length <= entry.size);
    expect(extent.offset <= entry.size - extent.length);
    end = extent.offset + extent.length;
  }
  for (std::size_t i = 1; i < entry.attributes.size(); ++i)
    expect(entry.attributes[i - 1].name < entry.attributes[i].name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const MemoryRange range({bytes.begin(), bytes.end()});
  RangeSource source(range, {.offset = 0, .length = range.size()});
  archive::TarReader tar(
      source,
      {.user = [](const std::string& name) { return name == "bob" ? std::optional<std::uint32_t>(7) : std::nullopt; },
       .group = {}});
  std::array<std::byte, 300> piece{};
  try {
    for (bool reads = true; const auto entry = tar.next(); reads = !reads) {
      check(*entry, tar.content_left());
      expect(tar.entry_offset() < size);
      if (reads)
        while (tar.read(piece) == piece.size()) continue;
      expect(!reads || tar.content_left() == 0);
    }
    expect(!tar.next());
  } catch (const Error& error) {
    expect(error.kind() == ErrorKind::Corrupt);
  }
  return 0;
}
