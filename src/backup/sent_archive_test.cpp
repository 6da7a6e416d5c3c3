#include "backup/sent_archive.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "support/random_bytes.hpp"

namespace osbackup::backup {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

constexpr std::size_t kPiece = SentArchive::kPieceBytes;

/// Adds all of it in steps of some size, as they come from an archive that grows.
void add_in_steps(SentArchive& sent, std::span<const std::byte> bytes, std::size_t step) {
  for (std::size_t offset = 0; offset < bytes.size(); offset += step)
    sent.add(offset, bytes.subspan(offset, std::min(step, bytes.size() - offset)));
  sent.finish();
}

std::vector<std::uint64_t> offsets(const SentArchive& sent) {
  std::vector<std::uint64_t> found;
  for (const SentArchive::Piece& piece : sent.pieces()) found.push_back(piece.offset / kPiece);
  return found;
}

TEST(SentArchiveTest, KnowsDigestTailAndEveryPieceOfASmallArchive) {
  const std::vector<std::byte> bytes = test::random_bytes({.size = 3 * kPiece + 17, .seed = 5});
  for (const std::size_t step : {std::size_t{977}, std::size_t{200'000}, kPiece, 5 * kPiece}) {
    SentArchive sent;

    add_in_steps(sent, bytes, step);

    EXPECT_EQ(sent.bytes(), bytes.size());
    EXPECT_EQ(sent.sha256(), crypto::sha256(bytes));
    EXPECT_TRUE(std::ranges::equal(sent.tail(), std::span(bytes).last(SentArchive::kTailBytes))) << step;
    ASSERT_THAT(offsets(sent), ElementsAre(0, 1, 2, 3));
    for (const SentArchive::Piece& piece : sent.pieces())
      EXPECT_EQ(piece.digest, crypto::sha256(std::span(bytes).subspan(piece.offset, piece.bytes))) << step;
    EXPECT_EQ(sent.pieces().back().bytes, 17U);
  }
}

TEST(SentArchiveTest, AnArchiveSmallerThanItsTailIsItsTail) {
  const std::vector<std::byte> bytes = test::random_bytes({.size = 100, .seed = 5});
  SentArchive sent;

  add_in_steps(sent, bytes, 7);

  EXPECT_TRUE(std::ranges::equal(sent.tail(), bytes));
  ASSERT_THAT(sent.pieces(), SizeIs(1));
  EXPECT_EQ(sent.pieces().front().bytes, 100U);
}

TEST(SentArchiveTest, TheTailIsWholeWhereverTheArchiveEnds) {
  constexpr std::size_t kStep = 50'000;
  const std::vector<std::byte> bytes = test::random_bytes({.size = 20 * kStep, .seed = 5});
  for (std::size_t size = kStep; size <= bytes.size(); size += kStep) {
    SentArchive sent;

    add_in_steps(sent, std::span(bytes).first(size), kStep);

    const std::size_t tail = std::min(size, SentArchive::kTailBytes);
    EXPECT_TRUE(std::ranges::equal(sent.tail(), std::span(bytes).subspan(size - tail, tail))) << size;
  }
}

TEST(SentArchiveTest, AnEmptyArchiveHasNothingToCompare) {
  SentArchive sent;

  sent.finish();

  EXPECT_EQ(sent.sha256(), crypto::sha256(std::span<const std::byte>()));
  EXPECT_TRUE(sent.tail().empty());
  EXPECT_TRUE(sent.pieces().empty());
}

TEST(SentArchiveTest, BytesThatAreSentTwiceCountOnce) {
  const std::vector<std::byte> bytes = test::random_bytes({.size = 2 * kPiece, .seed = 5});
  const std::span<const std::byte> all(bytes);
  SentArchive sent;

  sent.add(0, all.first(1000));
  sent.add(0, all.first(900));
  sent.add(500, all.subspan(500, kPiece));
  sent.add(1000, all.subspan(1000));
  sent.finish();

  EXPECT_EQ(sent.bytes(), bytes.size());
  EXPECT_EQ(sent.sha256(), crypto::sha256(bytes));
  EXPECT_EQ(sent.pieces()[1].digest, crypto::sha256(all.subspan(kPiece)));
}

TEST(SentArchiveTest, ALaterPieceTakesThePlaceThatIsDrawn) {
  const std::vector<std::byte> bytes = test::random_bytes({.size = 10 * kPiece, .seed = 5});
  std::vector<std::uint64_t> bounds;
  SentArchive sent([&](std::uint64_t bound) {
    bounds.push_back(bound);
    return bound == 9 ? 2 : 8;  // The ninth piece becomes the third; the tenth is not chosen.
  });

  add_in_steps(sent, bytes, 300'000);

  EXPECT_THAT(bounds, ElementsAre(9, 10));
  EXPECT_THAT(offsets(sent), ElementsAre(0, 1, 8, 3, 4, 5, 6, 7));
  EXPECT_EQ(sent.pieces()[2].digest, crypto::sha256(std::span(bytes).subspan(8 * kPiece, kPiece)));
}

TEST(SentArchiveTest, EveryPieceIsAsLikelyAsAnyOther) {
  constexpr std::size_t kPieces = SentArchive::kPiecesMax + 1;
  const std::vector<std::byte> bytes(kPieces * kPiece);
  std::vector<unsigned> chosen(kPieces);

  // Each number that can be drawn, once.
  for (std::uint64_t drawn = 0; drawn < kPieces; ++drawn) {
    SentArchive sent([&](std::uint64_t bound) {
      EXPECT_EQ(bound, kPieces);
      return drawn;
    });
    add_in_steps(sent, bytes, bytes.size());
    for (const std::uint64_t index : offsets(sent)) ++chosen[index];
  }

  EXPECT_THAT(chosen, Each(kPieces - 1));
}

}  // namespace
}  // namespace osbackup::backup
