#include "archive/list_members.hpp"

#include <gmock/gmock.h>

#include "support/fails_with.hpp"
#include "support/made_archive.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

/// A list as our writer makes it, of lines that do not shrink.
class ListMembersTest : public testing::Test {
 protected:
  void write(std::size_t lines) {
    JsonLinesWriter writer(*list_);
    for (std::size_t i = 0; i < lines; ++i) writer.add(line(i) + "\n");
    writer.finish();
    summary_ = writer.summary();
  }
  static std::string line(std::size_t number) {
    std::string text = std::to_string(number);
    for (const std::byte byte : test::random_bytes({.size = 1'000, .seed = number + 1}))
      text += static_cast<char>(' ' + std::to_integer<int>(byte) % 90);
    return text;
  }
  std::size_t count_lines() {
    ListMembers members(list_, summary_);
    std::size_t lines = 0;
    while (const auto member = members.next()) {
      const std::string text = inflate_lines(member->bytes);
      std::string_view rest = text;
      while (const auto next = take_line(rest)) EXPECT_EQ(*next, line(lines++));
    }
    return lines;
  }

  std::shared_ptr<test::SparseBytes> list_ = std::make_shared<test::SparseBytes>();
  LinesSummary summary_;
};

TEST_F(ListMembersTest, GiveAllLinesOfAListLongerThanOnePiece) {
  write(8'000);
  ASSERT_GT(summary_.length, 5U << 20U);

  EXPECT_EQ(count_lines(), 8'000U);
}

TEST_F(ListMembersTest, GiveNoLinesOfAnEmptyList) {
  write(0);

  EXPECT_EQ(count_lines(), 0U);
}

TEST_F(ListMembersTest, AreCheckedAgainstTheDigestBeforeTheFirstIsGiven) {
  write(10);
  summary_.sha256[0] ^= std::byte{1};
  ListMembers members(list_, summary_);

  EXPECT_THAT([&] { members.next(); }, fails_with(ErrorKind::Corrupt, "the digest does not match"));
}

TEST_F(ListMembersTest, OfALongListAreCheckedAtItsEnd) {
  write(8'000);
  summary_.sha256[0] ^= std::byte{1};

  EXPECT_THAT([&] { count_lines(); }, fails_with(ErrorKind::Corrupt, "the digest does not match"));
}

TEST_F(ListMembersTest, AreAsLongAsTheManifestSays) {
  write(1);
  summary_.length += 1;

  EXPECT_THAT([&] { count_lines(); }, fails_with(ErrorKind::Corrupt, "a list of "));
}

/// A list whose digest is right, whatever its bytes are.
std::optional<ListMembers::Member> first_member(std::vector<std::byte> bytes) {
  const LinesSummary summary{.length = bytes.size(), .lines = 1, .sha256 = crypto::sha256(bytes)};
  return ListMembers(std::make_shared<MemoryRange>(std::move(bytes)), summary).next();
}

TEST_F(ListMembersTest, SayTheirLengthInsideTheList) {
  write(1);
  std::vector<std::byte> bytes = list_->all();
  EXPECT_TRUE(first_member(bytes));

  for (const std::size_t byte : {18U, 23U}) {  // Of OB, little-endian.
    std::vector<std::byte> changed = bytes;
    changed[byte] ^= std::byte{0x40};
    EXPECT_THAT([&] { first_member(changed); }, fails_with(ErrorKind::Corrupt, "a gzip member"));
  }
  for (const std::size_t size : {std::size_t{1}, std::size_t{23}, std::size_t{24}, bytes.size() - 1})
    EXPECT_THAT(
        [&] {
          first_member({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)});
        },
        fails_with(ErrorKind::Corrupt, "gzip member"));
}

TEST(TakeLine, RefusesALineThatDoesNotEnd) {
  std::string_view text = "a\nb";

  EXPECT_EQ(take_line(text), "a");
  EXPECT_THAT([&] { take_line(text); }, fails_with(ErrorKind::Corrupt, "a line does not end"));
}

TEST(InflateLines, TakesNoMoreThanItsLimit) {
  GzipMemberEncoder encoder(Compression::Fast);
  std::vector<std::byte> buffer;

  EXPECT_EQ(inflate_lines(encoder.encode(std::vector<std::byte>(kListTextBytesMax), buffer)).size(), kListTextBytesMax);
  EXPECT_THAT([&] { inflate_lines(encoder.encode(std::vector<std::byte>(kListTextBytesMax + 1), buffer)); },
              fails_with(ErrorKind::Corrupt, "at most 4194304 are expected"));
}

}  // namespace
}  // namespace osbackup::archive
