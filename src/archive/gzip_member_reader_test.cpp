#include "archive/gzip_member_reader.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "archive/gzip_member.hpp"
#include "support/fails_with.hpp"
#include "support/project_file.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;
using testing::Optional;
using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Bytes member_of(const Bytes& content, Compression compression = Compression::Balanced) {
  Bytes buffer;
  const auto member = GzipMemberEncoder(compression).encode(content, buffer);
  return {member.begin(), member.end()};
}

void put_length(Bytes& member, std::uint64_t length) {
  for (std::size_t i = 0; i < 8; ++i) member[16 + i] = static_cast<std::byte>(length >> (8 * i));
}

Bytes inflate(std::span<const std::byte> member, std::size_t bytes_max = kMemberContentMax) {
  Bytes out(bytes_max);
  out.resize(GzipMemberReader().inflate(member, out));
  return out;
}

/// The content, or nothing when the member is Corrupt.
std::optional<Bytes> inflate_unless_corrupt(std::span<const std::byte> member) {
  try {
    return inflate(member, 4096);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    return std::nullopt;
  }
}

TEST(GzipMemberReader, InflatesWhatTheEncoderMade) {
  for (const Compression compression : {Compression::Fast, Compression::Balanced, Compression::Best})
    for (const Bytes& content : {Bytes(), bytes_of("x"), Bytes(kMemberContentMax, std::byte{7}),
                                 test::random_bytes({.size = kMemberContentMax, .seed = 3})})
      EXPECT_EQ(inflate(member_of(content, compression)), content);
}

TEST(GzipMemberReader, GivesTheContentOfAMemberUpToALimit) {
  const Bytes content = test::random_bytes({.size = 300, .seed = 5});
  const Bytes member = member_of(content);
  const auto with_size = [&](std::uint32_t bytes) {
    Bytes changed = member;
    for (std::size_t i = 0; i < 4; ++i) changed[member.size() - 4 + i] = static_cast<std::byte>(bytes >> (8 * i));
    return changed;
  };
  const auto refused = [](const Bytes& bytes, const std::string& why) {
    EXPECT_THAT([&] { GzipMemberReader().content_of(bytes, 300); }, fails_with(ErrorKind::Corrupt, why));
  };

  EXPECT_EQ(GzipMemberReader().content_of(member, 300), content);
  EXPECT_THAT([&] { GzipMemberReader().content_of(member, 299); },
              fails_with(ErrorKind::Corrupt, "says that it holds 300 bytes, of which at most 299 are expected"));
  refused(Bytes(member.begin(), member.begin() + 31), "is cut off");
  refused({}, "is cut off");
  refused(with_size(10), "holds more than the 10 bytes that it says");
  refused(with_size(299), "holds more than the 299 bytes that it says");
  EXPECT_THAT([&] { GzipMemberReader().content_of(with_size(301), 1000); },
              fails_with(ErrorKind::Corrupt, "does not hold as many bytes as it says"));
}

TEST(GzipMemberReader, TakesNoMemoryForMoreThanAMemberCanHold) {
  Bytes member = member_of(bytes_of("x"));
  member[member.size() - 2] = std::byte{1};  // 64 KiB more.

  EXPECT_THAT([&] { GzipMemberReader().content_of(member, kMemberContentMax); },
              fails_with(ErrorKind::Corrupt, "says that it holds more than it can"));
}

/// A member of 300 bytes without a pattern, and how many it is said to have held when these bytes of it are changed.
std::optional<std::size_t> lost_bytes_with_changed(const std::vector<std::ptrdiff_t>& bytes) {
  Bytes member = member_of(test::random_bytes({.size = 300, .seed = 5}));
  for (const std::ptrdiff_t byte : bytes) *(byte < 0 ? member.end() + byte : member.begin() + byte) ^= std::byte{2};
  Bytes content;
  return GzipMemberReader().inflate_damaged(member, 1000, content).likely_bytes(1000);
}

TEST(GzipMemberReader, KnowsHowManyBytesADamagedMemberHeld) {
  constexpr std::ptrdiff_t kBlockHeader = kMemberHeaderBytes;
  constexpr std::ptrdiff_t kContent = kMemberHeaderBytes + 100;

  EXPECT_THAT(lost_bytes_with_changed({kContent}), Optional(300U));
  EXPECT_THAT(lost_bytes_with_changed({kBlockHeader}), Optional(300U));
  EXPECT_THAT(lost_bytes_with_changed({-8}), Optional(300U)) << "its CRC is damaged";
  EXPECT_THAT(lost_bytes_with_changed({-4}), Optional(300U)) << "its ISIZE is damaged";
}

TEST(GzipMemberReader, DoesNotGuessHowManyBytesADamagedMemberHeld) {
  EXPECT_EQ(lost_bytes_with_changed({kMemberHeaderBytes + 100, -4}), std::nullopt) << "neither CRC nor ISIZE agree";
  EXPECT_EQ(lost_bytes_with_changed({kMemberHeaderBytes, -1}), std::nullopt) << "ISIZE is more than is expected";
  EXPECT_EQ(MemberRemains{}.likely_bytes(1000), std::nullopt) << "ISIZE was overwritten with zeros";
}

TEST(GzipMemberReader, KnowsByTheCrcThatADamagedMemberIsWhole) {
  const Bytes content = test::random_bytes({.size = 300, .seed = 5});
  const auto has_its_crc = [&](std::ptrdiff_t byte) {
    Bytes member = member_of(content);
    *(byte < 0 ? member.end() + byte : member.begin() + byte) ^= std::byte{2};
    Bytes inflated;
    return GzipMemberReader().inflate_damaged(member, 1000, inflated).has_its_crc;
  };

  EXPECT_TRUE(has_its_crc(0)) << "its header is damaged";
  EXPECT_TRUE(has_its_crc(16)) << "its length is damaged";
  EXPECT_TRUE(has_its_crc(-1)) << "its ISIZE is damaged";
  EXPECT_FALSE(has_its_crc(-8)) << "its CRC is damaged";
  EXPECT_FALSE(has_its_crc(kMemberHeaderBytes + 100)) << "its content is damaged";
}

/// What is inflated of a member of this content when a byte of it is changed.
Bytes inflated_with_changed(const Bytes& content, std::ptrdiff_t byte, std::size_t content_bytes_max = 100'000) {
  Bytes member = member_of(content);
  *(byte < 0 ? member.end() + byte : member.begin() + byte) ^= std::byte{2};
  Bytes inflated;
  GzipMemberReader().inflate_damaged(member, content_bytes_max, inflated);
  return inflated;
}

TEST(GzipMemberReader, InflatesWhatCanBeOfADamagedMember) {
  const Bytes content = test::random_bytes({.size = 20'000, .seed = 5});

  for (const std::ptrdiff_t byte : {0, 20, -8, -4, -2}) {
    const Bytes inflated = inflated_with_changed(content, byte);
    ASSERT_GE(inflated.size(), content.size()) << byte;
    EXPECT_TRUE(std::equal(content.begin(), content.end(), inflated.begin())) << byte;
    EXPECT_TRUE(std::all_of(inflated.begin() + 20'000, inflated.end(), [](auto each) { return each == std::byte{0}; }));
  }
  const Bytes inflated = inflated_with_changed(content, kMemberHeaderBytes + 10'000);
  const auto [end, other_end] = std::mismatch(content.begin(), content.end(), inflated.begin(), inflated.end());
  EXPECT_GT(end - content.begin(), 9'000) << "it is right up to the damage";
}

TEST(GzipMemberReader, InflatesNoMoreOfADamagedMemberThanALimit) {
  const Bytes content(50'000, std::byte{7});

  EXPECT_EQ(inflated_with_changed(content, -8, 50'000), content);
  EXPECT_EQ(inflated_with_changed(content, -8, 49'999).size(), 49'999U);
  Bytes inflated{std::byte{1}};
  EXPECT_EQ(GzipMemberReader().inflate_damaged(Bytes(31), 1000, inflated).inflated, std::nullopt);
  EXPECT_THAT(inflated, testing::IsEmpty());
}

TEST(GzipMemberReader, IsUsedForOneMemberAfterAnother) {
  GzipMemberReader reader;
  Bytes out(100);
  EXPECT_EQ(reader.inflate(member_of(bytes_of("first")), out), 5U);
  EXPECT_THROW(reader.inflate(bytes_of("no member"), out), Error);

  EXPECT_EQ(reader.inflate(member_of(bytes_of("second one")), out), 10U);
  EXPECT_TRUE(std::ranges::equal(std::span(out).first(10), bytes_of("second one")));
}

TEST(GzipMemberReader, KnowsTheLengthFromTheHeaderAlone) {
  const Bytes member = member_of(bytes_of("content"));
  const auto header = std::span(member).first(kMemberHeaderBytes);

  EXPECT_EQ(member_length(header, member.size()), member.size());
  EXPECT_EQ(member_length(header, UINT64_MAX), member.size());
}

TEST(GzipMemberReader, RefusesALengthThatCannotBe) {
  Bytes member = member_of(bytes_of("content"));
  EXPECT_THAT([&] { member_length(member, member.size() - 1); },
              fails_with(ErrorKind::Corrupt, "a gzip member says that it has 44 bytes, of 43 that are left"));
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{31}, std::uint64_t{1} << 63U, UINT64_MAX}) {
    put_length(member, length);
    EXPECT_THAT([&] { member_length(member, 1'000'000); }, fails_with(ErrorKind::Corrupt, "says that it has"))
        << length;
  }
}

TEST(GzipMemberReader, RefusesEveryOtherHeader) {
  const Bytes member = member_of(bytes_of("content"));
  for (std::size_t bytes = 0; bytes < kMemberHeaderBytes; ++bytes)
    EXPECT_THAT([&] { member_length(std::span(member).first(bytes), 100); },
                fails_with(ErrorKind::Corrupt, "is cut off in its header"));
  for (std::size_t at = 0; at < 16; ++at) {
    Bytes other = member;
    other[at] ^= std::byte{0x10};
    EXPECT_THAT([&] { member_length(other, 100); }, fails_with(ErrorKind::Corrupt, "does not begin as the format says"))
        << at;
  }
}

TEST(GzipMemberReader, StopsABombAtTheLimit) {
  const Bytes bomb = member_of(Bytes(20U << 20U), Compression::Best);
  EXPECT_LT(bomb.size(), 40'000U);

  EXPECT_THAT([&] { inflate(bomb, kMemberContentMax); },
              fails_with(ErrorKind::Corrupt, "holds more than the 1048576 bytes that are allowed"));
}

TEST(GzipMemberReader, FillsItsRoomToTheLastByte) {
  const Bytes content = test::random_bytes({.size = 1000, .seed = 4});

  EXPECT_EQ(inflate(member_of(content), 1000), content);
  EXPECT_THAT([&] { inflate(member_of(content), 999); }, fails_with(ErrorKind::Corrupt, "more than the 999 bytes"));
}

TEST(GzipMemberReader, RefusesALengthThatIsNotTrue) {
  const Bytes member = member_of(bytes_of("content"));
  Bytes longer = member;
  longer.insert(longer.end(), 5, std::byte{0});
  put_length(longer, longer.size());
  Bytes two = member;
  two.insert(two.end(), member.begin(), member.end());

  EXPECT_THAT([&] { inflate(longer); }, fails_with(ErrorKind::Corrupt, "does not end where it says"));
  EXPECT_THAT([&] { inflate(two); }, fails_with(ErrorKind::Corrupt, "does not end where it says"));
  put_length(two, two.size());
  EXPECT_THAT([&] { inflate(two); }, fails_with(ErrorKind::Corrupt, "does not end where it says"));
}

TEST(GzipMemberReader, ChecksCrcAndSize) {
  Bytes member = member_of(bytes_of("content"));
  member[member.size() - 8] ^= std::byte{1};
  EXPECT_THAT([&] { inflate(member); }, fails_with(ErrorKind::Corrupt, "has another CRC than it says"));
  member[member.size() - 1] ^= std::byte{1};
  EXPECT_THAT([&] { inflate(member); }, fails_with(ErrorKind::Corrupt, "does not hold as many bytes as it says"));
}

TEST(GzipMemberReader, FindsEveryTruncationAndEveryFlippedBit) {
  const Bytes content = bytes_of("content content content, and more of it: 0123456789");
  for (const Compression compression : {Compression::Balanced, Compression::Best}) {
    const Bytes member = member_of(content, compression);
    for (std::size_t bytes = 0; bytes < member.size(); ++bytes) {
      Bytes cut(member.begin(), member.begin() + static_cast<std::ptrdiff_t>(bytes));
      EXPECT_EQ(inflate_unless_corrupt(cut), std::nullopt) << bytes;
      if (bytes >= kMemberHeaderBytes) put_length(cut, bytes);
      EXPECT_EQ(inflate_unless_corrupt(cut), std::nullopt) << bytes;
    }
    for (std::size_t bit = 0; bit < member.size() * 8; ++bit) {
      Bytes flipped = member;
      flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
      // Some bits mean nothing, like those behind the last code.
      const auto found = inflate_unless_corrupt(flipped);
      EXPECT_TRUE(!found || *found == content) << bit;
    }
  }
}

TEST(GzipMemberReader, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/gzip_member_reader");
  EXPECT_GE(corpus.size(), 5U);
  for (const std::string& text : corpus) inflate_unless_corrupt(bytes_of(text));
}

}  // namespace
}  // namespace osbackup::archive
