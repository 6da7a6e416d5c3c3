#include "restore/content_pieces.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/random_bytes.hpp"

namespace osbackup::restore {
namespace {

/// "offset+length" for each piece, in order, if they are the bytes one after another.
std::string places(const std::vector<archive::Extent>& extents, std::uint64_t stored_offset, std::size_t count) {
  const std::vector<std::byte> bytes = test::random_bytes({.size = count, .seed = 1});
  std::string text;
  const std::byte* next = bytes.data();
  for (const ContentPiece& piece : content_pieces(extents, stored_offset, bytes)) {
    EXPECT_EQ(piece.bytes.data(), next);
    next += piece.bytes.size();
    text += std::to_string(piece.offset) + "+" + std::to_string(piece.bytes.size()) + " ";
  }
  return text;
}

TEST(ContentPieces, LieInAFileWithoutHolesAsTheyAreStored) {
  EXPECT_EQ(places({{.offset = 0, .length = 1000}}, 0, 1000), "0+1000 ");
  EXPECT_EQ(places({{.offset = 0, .length = 1000}}, 300, 200), "300+200 ");
}

TEST(ContentPieces, GoWhereTheExtentsAre) {
  const std::vector<archive::Extent> extents = {
      {.offset = 100, .length = 10}, {.offset = 200, .length = 0}, {.offset = 300, .length = 20}};

  EXPECT_EQ(places(extents, 0, 30), "100+10 300+20 ");
  EXPECT_EQ(places(extents, 5, 10), "105+5 300+5 ");
  EXPECT_EQ(places(extents, 10, 20), "300+20 ");
  EXPECT_EQ(places(extents, 12, 3), "302+3 ");
}

TEST(ContentPieces, LeaveOutWhatLiesBehindTheContent) {
  EXPECT_EQ(places({{.offset = 0, .length = 10}}, 8, 512), "8+2 ");
  EXPECT_EQ(places({{.offset = 0, .length = 10}}, 10, 512), "");
  EXPECT_EQ(places({{.offset = 0, .length = 10}}, 11, 512), "");
  EXPECT_EQ(places({}, 0, 512), "");
}

}  // namespace
}  // namespace osbackup::restore
