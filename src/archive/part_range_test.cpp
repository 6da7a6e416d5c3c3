#include "archive/part_range.hpp"

#include <gmock/gmock.h>

#include "support/fails_with.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

std::shared_ptr<const RangeReader> ten_bytes() {
  std::vector<std::byte> bytes(10);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  return std::make_shared<MemoryRange>(std::move(bytes));
}

TEST(PartRange, IsAWholeOfItsOwn) {
  const PartRange part(ten_bytes(), {.offset = 3, .length = 4});
  std::vector<std::byte> out(2);

  part.read(2, out);

  EXPECT_EQ(part.size(), 4U);
  EXPECT_THAT(out, testing::ElementsAre(std::byte{5}, std::byte{6}));
}

/// Remembers the streams that are asked for.
class StreamedRange final : public RangeReader {
 public:
  std::uint64_t size() const override { return bytes_->size(); }
  void read(std::uint64_t offset, std::span<std::byte> out) const override { bytes_->read(offset, out); }
  std::unique_ptr<ByteSource> stream(std::uint64_t offset, std::uint64_t length) const override {
    streams_.emplace_back(offset, length);
    return bytes_->stream(offset, length);
  }

  const std::vector<std::pair<std::uint64_t, std::uint64_t>>& streams() const { return streams_; }

 private:
  std::shared_ptr<const RangeReader> bytes_ = ten_bytes();
  mutable std::vector<std::pair<std::uint64_t, std::uint64_t>> streams_;
};

TEST(PartRange, AStreamIsOneOfTheWhole) {
  const auto whole = std::make_shared<StreamedRange>();
  const PartRange part(whole, {.offset = 3, .length = 4});
  std::vector<std::byte> out(9);

  EXPECT_EQ(part.stream(1, 3)->read(out), 3U);

  EXPECT_EQ(out.front(), std::byte{4});
  EXPECT_THAT(whole->streams(), testing::ElementsAre(std::pair(4U, 3U)));
}

TEST(PartRange, GivesNothingBehindItsEnd) {
  const PartRange part(ten_bytes(), {.offset = 3, .length = 4});
  std::vector<std::byte> out(2);

  for (const std::uint64_t offset : {std::uint64_t{3}, std::uint64_t{5}, ~std::uint64_t{0}}) {
    EXPECT_THAT([&] { part.read(offset, out); }, fails_with(ErrorKind::Corrupt, "only 4 are there"));
    EXPECT_THAT([&] { part.stream(offset, 2); }, fails_with(ErrorKind::Corrupt, "only 4 are there"));
  }
}

TEST(PartRange, LiesInsideTheWhole) {
  for (const ZipPlace& place : {ZipPlace{8, 3}, ZipPlace{11, 0}, ZipPlace{1, ~std::uint64_t{0}}})
    EXPECT_THAT([&] { PartRange(ten_bytes(), place); }, fails_with(ErrorKind::Corrupt, "only 10 in all"));
  EXPECT_EQ(PartRange(ten_bytes(), {.offset = 10, .length = 0}).size(), 0U);
}

}  // namespace
}  // namespace osbackup::archive
