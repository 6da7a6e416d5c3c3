#include "restore/data_sample.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace osbackup::restore {
namespace {

/// How many bytes are chosen of stretches of these sizes.
std::uint64_t chosen(DataSample sample, const std::vector<std::uint64_t>& stretches) {
  std::uint64_t bytes = 0;
  for (const std::uint64_t stretch : stretches) bytes += sample.choose(stretch) ? stretch : 0;
  return bytes;
}

TEST(DataSample, ComesToTheShare) {
  const std::vector<std::uint64_t> stretches(1'000, 1'000);

  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    EXPECT_EQ(chosen(DataSample(1'000'000, 0.05, seed), stretches), 50'000U) << seed;
    EXPECT_EQ(chosen(DataSample(1'000'000, 1, seed), stretches), 1'000'000U) << seed;
  }
}

TEST(DataSample, ChoosesEachStretchAsOftenAsAnyOther) {
  std::vector<int> times(20);
  for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
    DataSample sample(20'000, 0.25, seed);
    for (int& count : times) count += sample.choose(1'000) ? 1 : 0;
  }

  for (const int count : times) EXPECT_NEAR(count, 500, 100);
}

TEST(DataSample, IsAnotherForAnotherSeedOnly) {
  const auto choice = [](std::uint64_t seed) {
    DataSample sample(100'000, 0.5, seed);
    std::string chosen;
    for (int i = 0; i < 100; ++i) chosen += sample.choose(1'000) ? '+' : '-';
    return chosen;
  };

  EXPECT_EQ(choice(1), choice(1));
  EXPECT_NE(choice(1), choice(2));
}

TEST(DataSample, IsAtLeastOneStretch) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    EXPECT_EQ(chosen(DataSample(1'000, 0.01, seed), {1'000}), 1'000U);
    EXPECT_GE(chosen(DataSample(3'000, 0.01, seed), {1'000, 1'000, 1'000}), 1'000U);
  }
}

TEST(DataSample, CutsStretchesThatAreWorthARead) {
  EXPECT_EQ(DataSample(1ULL << 40U, 0.05, 1).stretch_bytes(), 8U << 20U);
  EXPECT_EQ(DataSample(1U << 20U, 0.5, 1).stretch_bytes(), 1U << 15U);
  EXPECT_GE(DataSample(0, 0.5, 1).stretch_bytes(), 1U);
}

}  // namespace
}  // namespace osbackup::restore
