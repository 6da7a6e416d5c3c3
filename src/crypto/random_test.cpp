#include "crypto/random.hpp"

#include <gmock/gmock.h>

#include <array>
#include <limits>
#include <set>

namespace osbackup::crypto {
namespace {

TEST(Random, FillsEveryByte) {
  // Each byte stays zero in all of 64 draws with a chance of 2^-512.
  std::array<std::byte, 40> seen{};
  for (int draw = 0; draw < 64; ++draw) {
    std::array<std::byte, 40> bytes{};
    fill_random(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) seen.at(i) |= bytes.at(i);
  }
  EXPECT_THAT(seen, testing::Not(testing::Contains(std::byte{0})));
  fill_random({});
}

TEST(Random, StaysBelowItsBoundAndReachesEveryValue) {
  // A value stays away in 1,000 draws out of 5 with a chance of about 10^-97.
  std::set<std::uint64_t> seen;
  for (int draw = 0; draw < 1000; ++draw) seen.insert(random_below(5));
  EXPECT_THAT(seen, testing::ElementsAre(0, 1, 2, 3, 4));
}

TEST(Random, TakesBoundsAtBothEnds) {
  EXPECT_EQ(random_below(1), 0U);
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 63U;
  for (int draw = 0; draw < 100; ++draw) {
    EXPECT_LT(random_below(kHalf), kHalf);
    EXPECT_LE(random_below(kHalf + 1), kHalf);
  }
  EXPECT_LT(random_below(std::numeric_limits<std::uint64_t>::max()), std::numeric_limits<std::uint64_t>::max());
}

TEST(RandomDeathTest, HasNoNumberBelowNothing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(random_below(0), "bound > 0");
}

TEST(RandomUuid, HasTheFormOfVersion4AndNeverComesTwice) {
  std::set<std::string> seen;
  for (int draw = 0; draw < 200; ++draw) {
    const std::string uuid = random_uuid();
    EXPECT_THAT(uuid, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

}  // namespace
}  // namespace osbackup::crypto
