#include <fmt/format.h>
#include <gtest/gtest.h>

#include "archive/gzip_member.hpp"
#include "archive/index_reader.hpp"
#include "archive/index_writer.hpp"
#include "support/made_archive.hpp"
#include "support/peak_memory.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::archive {
namespace {

/// An index of 10^7 lines of which two blocks are there, the first and the last; the others are holes.
class IndexOfTenMillionLines {
 public:
  static constexpr std::uint64_t kBlocks = 50'000;
  static constexpr std::uint64_t kLinesEach = 200;

  IndexOfTenMillionLines() {
    manifest_.directories.push_back(
        {.path = "/srv", .entry = "srv.tar.gz", .place = {.offset = 0, .length = kHoleBytes}});
    for (std::uint64_t number = 0; number < kBlocks; ++number)
      add_block(number, number == 0 || number == kBlocks - 1 ? member_of(number) : std::vector<std::byte>());
    list_.finish();
    manifest_.index.summary.lines = kBlocks * kLinesEach;
    manifest_.index.summary.length = archive_->size();
    manifest_.blocks = {.offset = archive_->size(), .summary = list_.summary()};
    archive_->write(list_bytes_.all());
  }

  static std::string path(std::uint64_t block, std::uint64_t line) {
    return fmt::format("srv/{:05}/{:03}", block, line);
  }

  std::shared_ptr<const RangeReader> archive() const { return archive_; }
  const Manifest& manifest() const { return manifest_; }

 private:
  static constexpr std::uint64_t kHoleBytes = 16U << 10U;

  std::vector<std::byte> member_of(std::uint64_t block) {
    std::string text;
    for (std::uint64_t number = 0; number < kLinesEach; ++number) {
      Entry entry;
      entry.path = path(block, number);
      std::string line = index_line_head(entry);
      complete_index_line(line, crypto::Sha256Digest{}, false, {.directory = 0, .member = 0, .skip = 0, .span = 1});
      text += line;
    }
    std::vector<std::byte> buffer;
    const auto member = encoder_.encode(std::as_bytes(std::span(text)), buffer);
    return {member.begin(), member.end()};
  }

  /// A member of no bytes is a hole.
  void add_block(std::uint64_t number, const std::vector<std::byte>& member) {
    const std::string digest = crypto::to_hex(
        member.empty() ? crypto::sha256(test::random_bytes({.size = 8, .seed = number})) : crypto::sha256(member));
    const std::uint64_t offset = archive_->size();
    if (member.empty())
      archive_->write(archive_->zeros(kHoleBytes));
    else
      archive_->write(member);
    list_.add(fmt::format(R"({{"first":"{}","last":"{}","offset":{},"length":{},"lines":{},"sha256":"{}"}})"
                          "\n",
                          path(number, 0), path(number, kLinesEach - 1), offset, archive_->size() - offset, kLinesEach,
                          digest));
  }

  std::shared_ptr<test::SparseBytes> archive_ = std::make_shared<test::SparseBytes>();
  test::SparseBytes list_bytes_;
  JsonLinesWriter list_{list_bytes_};
  GzipMemberEncoder encoder_{Compression::Fast};
  Manifest manifest_;
};

TEST(AnIndexOfTenMillionLines, IsAnsweredInBoundedMemory) {
  using Index = IndexOfTenMillionLines;
  const Index index;
  const test::PeakMemory memory;

  const IndexReader reader(index.archive(), index.manifest());
  EXPECT_TRUE(reader.find(Index::path(0, 0)));
  EXPECT_TRUE(reader.find(Index::path(Index::kBlocks - 1, Index::kLinesEach - 1)));
  EXPECT_FALSE(reader.find(Index::path(0, Index::kLinesEach)));
  EXPECT_FALSE(reader.find("zzz"));

  EXPECT_LT(memory.grown_bytes(), 32U << 20U);
}

}  // namespace
}  // namespace osbackup::archive
