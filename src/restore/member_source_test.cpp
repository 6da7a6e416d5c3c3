#include "restore/member_source.hpp"

#include <gmock/gmock.h>

#include <string>

#include "core/error.hpp"
#include "core/range_source.hpp"
#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::restore {
namespace {

using test::fails_with;

/// Members, one behind another, as a tar has them.
class MemberSourceTest : public testing::Test {
 protected:
  void add(const std::vector<std::byte>& content) {
    std::vector<std::byte> buffer;
    const auto member = encoder_.encode(content, buffer);
    members_.insert(members_.end(), member.begin(), member.end());
    content_.insert(content_.end(), content.begin(), content.end());
  }

  /// What the members hold, read in pieces of so many bytes.
  std::vector<std::byte> read_all(std::size_t piece_bytes) const {
    const MemoryRange range(members_);
    MemberSource source(range.stream(0, range.size()), range.size());
    std::vector<std::byte> all;
    std::vector<std::byte> piece(piece_bytes);
    for (std::size_t found = piece_bytes; found == piece_bytes;) {
      found = source.read(piece);
      all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(found));
    }
    return all;
  }

  std::vector<std::byte> members_;
  std::vector<std::byte> content_;

 private:
  archive::GzipMemberEncoder encoder_{archive::Compression::Fast};
};

TEST_F(MemberSourceTest, GivesTheContentOfAllMembersInPiecesOfAnySize) {
  add(test::random_bytes({.size = 70'000, .seed = 1}));
  add({});
  add(test::random_bytes({.size = 1U << 20U, .seed = 2}));
  add(test::random_bytes({.size = 1, .seed = 3}));

  for (const std::size_t piece_bytes : {std::size_t{1000}, std::size_t{70'000}, std::size_t{5U << 20U}})
    EXPECT_EQ(read_all(piece_bytes), content_) << piece_bytes;
}

TEST_F(MemberSourceTest, IsEmptyWithoutMembers) { EXPECT_EQ(read_all(10).size(), 0U); }

TEST_F(MemberSourceTest, GivesOutWhatLiesBeforeADamagedMemberAndNamesItsPlace) {
  add(test::random_bytes({.size = 1000, .seed = 1}));
  const std::size_t second = members_.size();
  add(test::random_bytes({.size = 1000, .seed = 2}));
  members_.back() ^= std::byte{1};
  const MemoryRange range(members_);
  MemberSource source(range.stream(0, range.size()), range.size());

  std::vector<std::byte> first(1000);
  EXPECT_EQ(source.read(first), 1000U);
  EXPECT_THAT([&] { source.read(first); },
              fails_with(ErrorKind::Corrupt, "the member at byte " + std::to_string(second) + " of "));
}

TEST_F(MemberSourceTest, RefusesAMemberThatReachesBeyondTheSpan) {
  add(test::random_bytes({.size = 1000, .seed = 1}));
  members_.pop_back();

  EXPECT_THAT([&] { read_all(100); }, fails_with(ErrorKind::Corrupt, "the member at byte 0"));
}

TEST_F(MemberSourceTest, RefusesASpanThatIsCutOff) {
  add(test::random_bytes({.size = 1000, .seed = 1}));
  const MemoryRange range(std::vector<std::byte>(members_.begin(), members_.end() - 10));
  MemberSource source(range.stream(0, range.size()), members_.size());

  std::vector<std::byte> out(10);
  EXPECT_THAT([&] { source.read(out); }, fails_with(ErrorKind::Corrupt, "it is cut off"));
}

TEST_F(MemberSourceTest, RefusesAMemberThatHoldsMoreThanATarsMemberMay) {
  add(std::vector<std::byte>(kTarMemberContentMax + 1));

  EXPECT_THAT([&] { read_all(100); }, fails_with(ErrorKind::Corrupt, "of which at most"));
}

TEST_F(MemberSourceTest, TakesMembersOfTheLongestHeaders) {
  add(std::vector<std::byte>(kTarMemberContentMax));

  EXPECT_EQ(read_all(1U << 20U).size(), kTarMemberContentMax);
}

}  // namespace
}  // namespace osbackup::restore
