#include "core/byte_count.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace osbackup {
namespace {

TEST(Megabytes, AreMillionsOfBytesRoundedUp) {
  EXPECT_EQ(megabytes_rounded_up(0), "0MB");
  EXPECT_EQ(megabytes_rounded_up(1), "1MB");
  EXPECT_EQ(megabytes_rounded_up(1'000'000), "1MB");
  EXPECT_EQ(megabytes_rounded_up(1'000'001), "2MB");
  EXPECT_EQ(megabytes_rounded_up(100'000'000), "100MB");
  EXPECT_EQ(megabytes_rounded_up(std::numeric_limits<std::uint64_t>::max()), "18446744073710MB");
}

TEST(HumanBytes, HaveTheUnitThatKeepsThemShort) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(17), "17 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1024), "1.0 KiB");
  EXPECT_EQ(human_bytes(312U * std::uint64_t{1024}), "312 KiB");
  EXPECT_EQ(human_bytes(1023U * std::uint64_t{1024}), "1.0 MiB");
  EXPECT_EQ(human_bytes(1'503'238'554), "1.4 GiB");
  EXPECT_EQ(human_bytes(std::numeric_limits<std::uint64_t>::max()), "16 EiB");
}

}  // namespace
}  // namespace osbackup
