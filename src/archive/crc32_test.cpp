#include "archive/crc32.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace osbackup::archive {
namespace {

TEST(Crc32, IsTheOneOfZipAndGzip) {
  const std::string_view text = "123456789";

  EXPECT_EQ(crc32(0, std::as_bytes(std::span(text))), 0xCBF43926U);
}

TEST(Crc32, GoesOnFromWhatCameBefore) {
  const std::string_view text = "123456789";
  const auto bytes = std::as_bytes(std::span(text));

  EXPECT_EQ(crc32(crc32(0, bytes.first(4)), bytes.subspan(4)), crc32(0, bytes));
}

}  // namespace
}  // namespace osbackup::archive
