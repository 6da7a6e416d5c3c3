#include "core/range_reader.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "core/error.hpp"

namespace osbackup {
namespace {

class MemoryRangeTest : public testing::Test {
 protected:
  MemoryRange range_{{std::byte{1}, std::byte{2}, std::byte{3}}};

  std::string problem_of(std::uint64_t offset, std::size_t length) const {
    std::vector<std::byte> out(length);
    try {
      range_.read(offset, out);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
      return error.what();
    }
    return "none";
  }
};

TEST_F(MemoryRangeTest, ReadsAnyPart) {
  std::vector<std::byte> out(2);
  range_.read(1, out);
  EXPECT_THAT(out, testing::ElementsAre(std::byte{2}, std::byte{3}));
  EXPECT_EQ(range_.size(), 3U);
}

TEST_F(MemoryRangeTest, ReadsNothingAtItsEnd) { EXPECT_EQ(problem_of(3, 0), "none"); }

TEST_F(MemoryRangeTest, SaysWhatIsMissingPastItsEnd) {
  EXPECT_EQ(problem_of(2, 2), "2 bytes wanted at 2, but only 3 are there");
  EXPECT_EQ(problem_of(4, 0), "0 bytes wanted at 4, but only 3 are there");
  EXPECT_NE(problem_of(std::numeric_limits<std::uint64_t>::max(), 2), "none");
}

}  // namespace
}  // namespace osbackup
