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

TEST(PartRange, GivesNothingBehindItsEnd) {
  const PartRange part(ten_bytes(), {.offset = 3, .length = 4});
  std::vector<std::byte> out(2);

  for (const std::uint64_t offset : {std::uint64_t{3}, std::uint64_t{5}, ~std::uint64_t{0}})
    EXPECT_THAT([&] { part.read(offset, out); }, fails_with(ErrorKind::Corrupt, "only 4 are there"));
}

TEST(PartRange, LiesInsideTheWhole) {
  for (const ZipPlace& place : {ZipPlace{8, 3}, ZipPlace{11, 0}, ZipPlace{1, ~std::uint64_t{0}}})
    EXPECT_THAT([&] { PartRange(ten_bytes(), place); }, fails_with(ErrorKind::Corrupt, "only 10 in all"));
  EXPECT_EQ(PartRange(ten_bytes(), {.offset = 10, .length = 0}).size(), 0U);
}

}  // namespace
}  // namespace osbackup::archive
