#include "restore/file_salvage.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "archive/gzip_member.hpp"
#include "archive/tar_writer.hpp"
#include "crypto/digest.hpp"
#include "restore/object_work.hpp"
#include "support/memory_sink.hpp"
#include "support/project_file.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::restore {
namespace {

using archive::kMemberContentMax;
using testing::HasSubstr;

constexpr std::size_t kMiB = kMemberContentMax;

/// A file in members of 1 MiB, as our writer fills them; somebody else's bytes lie around its span.
class FileSalvageTest : public testing::Test {
 protected:
  struct Member {
    std::size_t begin = 0;  ///< In the archive.
    std::size_t end = 0;
    std::size_t tar_begin = 0;
    std::size_t tar_end = 0;
  };
  static constexpr std::size_t kBefore = 100;

  FileSalvageTest() {
    archive::Entry& entry = object_.line.entry;
    entry.path = "srv/big";
    entry.type = archive::EntryType::File;
    entry.mode = 0640;
    entry.size = content_.size();
    entry.mtime = {.tv_sec = 1'700'000'000, .tv_nsec = 5};
    object_.path_in_tar = entry.path;
    build();
  }

  /// Writes the archive anew; members hold `member_bytes`, and the second one `second_bytes` if that is given.
  void build(std::size_t member_bytes = kMiB, std::size_t second_bytes = 0) {
    const archive::Entry& entry = tar_entry_ ? *tar_entry_ : object_.line.entry;
    std::vector<std::byte> tar;
    archive::TarWriter(tar).append_headers(entry);
    header_bytes_ = tar.size();
    tar.insert(tar.end(), content_.begin(), content_.end());
    archive::TarWriter(tar).append_padding();
    archive::GzipMemberEncoder encoder(archive::Compression::Fast);
    std::vector<std::byte> buffer;
    bytes_.assign(kBefore, std::byte{0x1F});
    members_.clear();
    for (std::size_t begin = 0; begin < tar.size();) {
      const std::size_t wanted = members_.size() == 1 && second_bytes > 0 ? second_bytes : member_bytes;
      const std::size_t count = std::min(wanted, tar.size() - begin);
      const auto member = encoder.encode(std::span(tar).subspan(begin, count), buffer);
      members_.push_back(
          {.begin = bytes_.size(), .end = bytes_.size() + member.size(), .tar_begin = begin, .tar_end = begin + count});
      bytes_.insert(bytes_.end(), member.begin(), member.end());
      begin += count;
    }
    bytes_.insert(bytes_.end(), kBefore, std::byte{0x1F});
    if (!object_.line.digest) object_.line.digest = crypto::sha256(content_);
  }

  /// Two extents, the second of which begins at 10 MB: their content is all that the tar stores.
  void make_sparse() {
    constexpr std::uint64_t kFirst = 2'000'384;
    archive::Entry& entry = object_.line.entry;
    entry.sparse = true;
    entry.size = 20'000'000;
    entry.extents = {{.offset = 1000, .length = kFirst}, {.offset = 10'000'000, .length = content_.size() - kFirst}};
    object_.line.has_holes = true;
    crypto::SlicedDigest digest;
    digest.update(1000, std::span(content_).first(kFirst), {});
    digest.update(10'000'000, std::span(content_).subspan(kFirst), {});
    object_.line.digest = digest.finish(entry.size, {});
    build();
  }

  void flip(std::size_t at) { bytes_[at] ^= std::byte{4}; }
  void damage_data(std::size_t number) { flip((members_[number].begin + members_[number].end) / 2); }
  void damage_crc(std::size_t number) { flip(members_[number].end - 8); }
  void damage_size(std::size_t number) { flip(members_[number].end - 3); }
  void zero(std::size_t begin, std::size_t count) {
    std::fill_n(bytes_.begin() + static_cast<std::ptrdiff_t>(begin), count, std::byte{0});
  }
  /// So that no headers can be read; the first member inflates all the same.
  void damage_headers() { flip(members_[0].begin + archive::kMemberHeaderBytes + 100); }
  /// A sector around the begin of a member: the end of the one before is lost too, with what it says it holds.
  void damage_sector_at(std::size_t number) { zero(members_[number].begin - 300, 512); }

  FileOutcome salvage(bool has_begun = false) {
    sink_.forget();
    const auto receiver = sink_.receive(object_.line.entry);
    if (has_begun) {
      receiver->begin(object_.line.entry);
      receiver->write(0, std::vector<std::byte>(object_.line.entry.size, std::byte{0xEE}));
    }
    FileSalvage salvage(object_, {.archive = std::make_shared<MemoryRange>(bytes_),
                                  .place = {.offset = kBefore, .length = bytes_.size() - 2 * kBefore},
                                  .stop = stop_.get_token()});
    return salvage.run(*receiver, has_begun, Error(ErrorKind::Corrupt, "some damage"));
  }

  void expect_whole(const std::string& what) {
    SCOPED_TRACE(what);
    const FileOutcome outcome = salvage();
    ASSERT_FALSE(outcome.lost) << outcome.lost->what();
    ASSERT_TRUE(outcome.damage);
    EXPECT_STREQ(outcome.damage->what(), "some damage");
    ASSERT_TRUE(sink_.finished().contains("srv/big"));
    EXPECT_TRUE(sink_.finished().at("srv/big").content == content_);
  }

  /// That all is kept but the content of these members, and gives what is told.
  std::string expect_lost(const std::vector<std::size_t>& members) {
    std::vector<std::byte> kept = content_;
    for (const std::size_t number : members) {
      const auto in_content = [&](std::size_t offset) {
        return kept.begin() + static_cast<std::ptrdiff_t>(
                                  std::clamp(offset, header_bytes_, header_bytes_ + kept.size()) - header_bytes_);
      };
      std::fill(in_content(members_[number].tar_begin), in_content(members_[number].tar_end), std::byte{0});
    }
    const FileOutcome outcome = salvage();
    EXPECT_FALSE(outcome.damage);
    EXPECT_TRUE(sink_.finished().empty());
    if (!outcome.lost || !sink_.damaged().contains("srv/big")) {
      ADD_FAILURE() << "nothing is kept: " << (outcome.lost ? outcome.lost->what() : "");
      return "";
    }
    EXPECT_TRUE(sink_.damaged().at("srv/big").content == kept);
    return outcome.lost->what();
  }

  void expect_nothing_kept(const std::string& why = "some damage") {
    const FileOutcome outcome = salvage();
    ASSERT_TRUE(outcome.lost);
    EXPECT_EQ(outcome.lost->what(), why);
    EXPECT_TRUE(sink_.damaged().empty());
    EXPECT_TRUE(sink_.finished().empty());
  }

  std::vector<std::byte> content_ = test::random_bytes({.size = 5'500'000, .seed = 1});
  PlannedObject object_;
  std::optional<archive::Entry> tar_entry_;  ///< If it is another than the line's.
  std::size_t header_bytes_ = 0;
  std::vector<std::byte> bytes_;
  std::vector<Member> members_;
  test::MemorySink sink_;
  std::stop_source stop_;
};

TEST_F(FileSalvageTest, GetsAllOfAFileThatHasNoDamage) { expect_whole("no damage"); }

TEST_F(FileSalvageTest, GetsAllOfAFileWhoseMembersHaveNoRightHeaderOrTrailer) {
  ASSERT_EQ(members_.size(), 6U);
  for (std::size_t number = 0; number < members_.size(); ++number) {
    for (const std::size_t byte : {0U, 9U, 15U, 16U, 18U, 23U}) {
      build();
      flip(members_[number].begin + byte);
      expect_whole(fmt::format("byte {} of member {}", byte, number));
    }
    for (const std::size_t byte : {8U, 5U, 4U, 1U}) {
      build();
      flip(members_[number].end - byte);
      expect_whole(fmt::format("byte -{} of member {}", byte, number));
    }
  }
}

TEST_F(FileSalvageTest, GetsAllOfAFileWhoseMembersAreAllDamagedAndHoldTheRightContent) {
  for (std::size_t number = 0; number < members_.size(); ++number) {
    zero(members_[number].end - 8, 8);
  }
  expect_whole("no trailer");

  build();
  for (const std::size_t number : {1U, 5U}) zero(members_[number].begin, archive::kMemberHeaderBytes);
  for (const std::size_t number : {0U, 2U, 3U, 4U}) damage_crc(number);
  expect_whole("a header or a CRC of each");

  build();
  for (const std::size_t number : {1U, 3U, 5U}) zero(members_[number].begin, archive::kMemberHeaderBytes);
  expect_whole("every other header");
}

TEST_F(FileSalvageTest, GetsAllOfAFileWhoseShortMemberHasNoTrailer) {
  build(kMiB, 1024);
  zero(members_[1].end - 8, 8);

  expect_whole("neither CRC nor ISIZE of a member of 1 KiB");
}

TEST_F(FileSalvageTest, BelievesNoContentWithoutCrcAndDigest) {
  damage_crc(1);
  damage_data(3);

  expect_lost({1, 3});
}

TEST_F(FileSalvageTest, BelievesNoContentWithoutCrcOfAFileWithoutDigest) {
  build();
  object_.line.digest.reset();
  damage_crc(2);

  expect_lost({2});
}

TEST_F(FileSalvageTest, LosesADamagedMemberAlone) {
  for (std::size_t number = 0; number < members_.size(); ++number) {
    SCOPED_TRACE(number);
    build();
    damage_data(number);
    const std::string told = expect_lost({number});
    const std::size_t begin = std::max(members_[number].tar_begin, header_bytes_) - header_bytes_;
    EXPECT_THAT(told,
                HasSubstr(fmt::format("iB of its 5.2 MiB, from byte {} on, are lost; the rest is kept as", begin)));
  }
}

TEST_F(FileSalvageTest, ForgetsWhatWasWrittenBefore) {
  damage_data(2);
  std::vector<std::byte> kept = content_;
  const auto begin = kept.begin() - static_cast<std::ptrdiff_t>(header_bytes_);
  std::fill(begin + 2 * kMiB, begin + 3 * kMiB, std::byte{0});

  salvage(true);

  ASSERT_TRUE(sink_.damaged().contains("srv/big"));
  EXPECT_TRUE(sink_.damaged().at("srv/big").content == kept);
}

TEST_F(FileSalvageTest, LosesTheMembersThatADamagedSectorTouches) {
  for (std::size_t number = 1; number < members_.size(); ++number) {
    SCOPED_TRACE(number);
    build();
    damage_sector_at(number);
    expect_lost({number - 1, number});
  }
}

TEST_F(FileSalvageTest, KnowsWhereMembersBelongBetweenTwoOfUnknownLength) {
  // Neither inflates, and what they say they hold is lost.
  for (const std::size_t number : {1U, 4U}) {
    flip(members_[number].begin + archive::kMemberHeaderBytes);
    zero(members_[number].end - 8, 8);
  }

  const std::string told = expect_lost({1, 4});
  EXPECT_THAT(told,
              HasSubstr(fmt::format("2.0 MiB of its 5.2 MiB are lost, in 2 places, the first at byte {}; the rest",
                                    kMiB - header_bytes_)));
}

TEST_F(FileSalvageTest, KnowsWhereMembersBelongBehindAShortOneThatSaysHowMuchItHolds) {
  build(kMiB, 1024);
  damage_data(1);
  damage_data(3);
  zero(members_[3].end - 8, 8);

  expect_lost({1, 3});
}

TEST_F(FileSalvageTest, LosesTheMembersThatTwoDamagedSectorsTouch) {
  damage_sector_at(1);
  damage_sector_at(4);
  expect_lost({0, 1, 3, 4});

  // Nobody knows how long the last one is, so nothing says that the others hold what is expected.
  build();
  damage_sector_at(2);
  damage_sector_at(5);
  expect_lost({1, 2, 3, 4, 5});
}

TEST_F(FileSalvageTest, LosesWhatLiesBetweenLossesOfUnknownLength) {
  zero(members_[1].begin, members_[2].end - members_[1].begin);
  zero(members_[4].begin, members_[4].end - members_[4].begin);

  expect_lost({1, 2, 3, 4});
}

TEST_F(FileSalvageTest, KnowsHowLongALossOfSeveralMembersIs) {
  zero(members_[1].begin, members_[3].end - members_[1].begin);

  expect_lost({1, 2, 3});
}

TEST_F(FileSalvageTest, DoesNotBelieveASizeThatNothingConfirms) {
  // What is wrong with one would be made up for by the end, or by the headers, of which nobody knows how long they are.
  flip(members_[1].begin + archive::kMemberHeaderBytes);
  damage_size(1);
  zero(members_[5].begin, members_[5].end - members_[5].begin);
  expect_lost({1, 2, 3, 4, 5});

  build();
  damage_headers();
  flip(members_[3].begin + archive::kMemberHeaderBytes);
  damage_size(3);
  expect_lost({0, 1, 2, 3});
}

TEST_F(FileSalvageTest, BelievesASizeOfOneMiB) {
  flip(members_[1].begin + archive::kMemberHeaderBytes);
  zero(members_[5].begin, members_[5].end - members_[5].begin);
  expect_lost({1, 5});

  build();
  damage_headers();
  flip(members_[3].begin + archive::kMemberHeaderBytes);
  expect_lost({0, 3});
}

TEST_F(FileSalvageTest, DoesNotTakeMembersOfAnotherLengthForOnesOfOneMiB) {
  build(kMiB / 2);
  ASSERT_EQ(members_.size(), 11U);
  for (const std::size_t number : {3U, 6U}) {
    flip(members_[number].begin + archive::kMemberHeaderBytes);
    zero(members_[number].end - 8, 8);
  }

  expect_lost({3, 4, 5, 6});
}

TEST_F(FileSalvageTest, GetsTheRestFromTheIndexWhenTheHeadersAreLost) {
  damage_headers();

  expect_lost({0});
  EXPECT_EQ(sink_.damaged().at("srv/big").entry.mode, 0640U);
}

TEST_F(FileSalvageTest, GetsTheRestBehindLostHeadersAndOtherLosses) {
  damage_headers();
  damage_data(3);

  expect_lost({0, 3});
}

TEST_F(FileSalvageTest, SaysThatAttributesAreLostWithTheHeaders) {
  tar_entry_ = object_.line.entry;
  tar_entry_->attributes = {{.name = "user.note", .value = "x"}};
  object_.line.attributes_digest = archive::attributes_digest(tar_entry_->attributes);
  build();
  damage_headers();

  EXPECT_THAT(expect_lost({0}),
              HasSubstr("some damage; its extended attributes are lost, so only its owner has any rights; 1.0 MiB of"));
  EXPECT_EQ(sink_.damaged().at("srv/big").entry.mode, 0600U) << "an ACL may have denied what the mode allows";
}

TEST_F(FileSalvageTest, TakesHeadersOfADamagedMemberThatAreTheIndexs) {
  tar_entry_ = object_.line.entry;
  tar_entry_->attributes = {{.name = "user.note", .value = "x"}};
  object_.line.attributes_digest = archive::attributes_digest(tar_entry_->attributes);
  build();
  damage_data(0);
  const std::vector<std::byte> damaged = bytes_;

  expect_lost({0});
  EXPECT_EQ(sink_.damaged().at("srv/big").entry.attributes.size(), 1U);

  bytes_ = damaged;
  object_.line.entry.mode = 0600;
  expect_lost({0});
  EXPECT_TRUE(sink_.damaged().at("srv/big").entry.attributes.empty()) << "the tar's mode is another";
}

TEST_F(FileSalvageTest, PutsTheContentOfAFileWithHolesWhereItBelongs) {
  make_sparse();
  damage_crc(2);
  const FileOutcome whole = salvage();
  EXPECT_TRUE(whole.damage && !whole.lost);
  const std::vector<std::byte> all = sink_.finished().at("srv/big").content;
  EXPECT_TRUE(std::equal(all.begin() + 1000, all.begin() + 1000 + 2'000'384, content_.begin()));
  EXPECT_TRUE(std::equal(content_.begin() + 2'000'384, content_.end(), all.begin() + 10'000'000));

  damage_data(3);
  const FileOutcome rest = salvage();
  ASSERT_TRUE(rest.lost);
  const std::size_t lost_begin = 10'000'000 + 2 * kMiB - header_bytes_ - 2'000'384;
  EXPECT_THAT(rest.lost->what(), HasSubstr(fmt::format("; 2.0 MiB of its 19 MiB, from byte {} on", lost_begin)));
  const std::vector<std::byte>& kept = sink_.damaged().at("srv/big").content;
  EXPECT_TRUE(std::equal(kept.begin(), kept.begin() + 1'000'000, all.begin()));
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  const auto begin = kept.begin() + static_cast<std::ptrdiff_t>(lost_begin);
  EXPECT_TRUE(std::all_of(begin, begin + 2 * kMiB, is_zero));
  EXPECT_TRUE(
      std::equal(begin + 2 * kMiB, kept.end(), all.begin() + static_cast<std::ptrdiff_t>(lost_begin + 2 * kMiB)));
}

TEST_F(FileSalvageTest, KeepsNothingOfAFileWithHolesWhoseHeadersAreLost) {
  constexpr auto kMapLost =
      "some damage; its first gzip member, which has the map of its holes, is damaged: nobody knows where the rest "
      "belongs";
  make_sparse();
  damage_headers();
  expect_nothing_kept(kMapLost);

  // This map can be read, and is not what the digest is of.
  tar_entry_ = object_.line.entry;
  tar_entry_->extents[1].offset += 512;
  build();
  damage_crc(0);
  expect_nothing_kept(kMapLost);
}

TEST_F(FileSalvageTest, KeepsNothingOfAFileInOneMember) {
  content_.resize(100'000);
  object_.line.entry.size = content_.size();
  object_.line.digest.reset();
  build();
  damage_data(0);

  expect_nothing_kept();
}

TEST_F(FileSalvageTest, KeepsNothingOfAFileThatIsAnotherInTheTar) {
  tar_entry_ = object_.line.entry;
  tar_entry_->path = "srv/other";
  build();
  damage_data(3);

  expect_nothing_kept();
}

TEST_F(FileSalvageTest, KeepsContentOfAnotherDigest) {
  object_.line.digest = crypto::sha256(std::span<const std::byte>());

  EXPECT_EQ(expect_lost({}), "some damage; what there is of it is kept as srv/big.damaged");
}

TEST_F(FileSalvageTest, KeepsContentThatIsTooShort) {
  object_.line.digest.reset();
  build();
  members_.pop_back();
  bytes_.erase(bytes_.begin() + static_cast<std::ptrdiff_t>(members_.back().end),
               bytes_.end() - static_cast<std::ptrdiff_t>(kBefore));
  const std::size_t there = members_.back().tar_end - header_bytes_;
  std::fill(content_.begin() + static_cast<std::ptrdiff_t>(there), content_.end(), std::byte{0});

  EXPECT_THAT(expect_lost({}), HasSubstr(fmt::format("from byte {} on, are lost", there)));
}

TEST_F(FileSalvageTest, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/file_salvage");
  EXPECT_GE(corpus.size(), 8U);
  std::size_t whole = 0;
  std::size_t kept = 0;
  for (const std::string& text : corpus) {
    const auto bytes = std::as_bytes(std::span(text));
    object_.line.entry = {};
    object_.line.entry.path = "srv/f";
    object_.path_in_tar = "srv/f";
    object_.line.entry.mode = 0644;
    object_.line.entry.size = std::to_integer<std::size_t>(bytes[1]) + 256 * std::to_integer<std::size_t>(bytes[2]);
    content_.resize(static_cast<std::size_t>(object_.line.entry.size));
    for (std::size_t i = 0; i < content_.size(); ++i) content_[i] = static_cast<std::byte>(i / 256 * 7 + i);
    object_.line.digest.reset();
    if (bytes[0] != std::byte{0}) object_.line.digest = crypto::sha256(content_);
    bytes_.assign(kBefore, std::byte{0});
    bytes_.insert(bytes_.end(), bytes.begin() + 3, bytes.end());
    bytes_.insert(bytes_.end(), kBefore, std::byte{0});
    const FileOutcome outcome = salvage();
    EXPECT_NE(outcome.lost.has_value(), outcome.damage.has_value());
    kept += sink_.damaged().size();
    if (outcome.damage) {
      ++whole;
      EXPECT_TRUE(sink_.finished().at("srv/f").content == content_);
    }
  }
  EXPECT_EQ(whole, 3U);
  EXPECT_GE(kept, 4U);
}

TEST_F(FileSalvageTest, EndsWhenItIsStopped) {
  stop_.request_stop();

  EXPECT_THROW(salvage(), Error);
}

}  // namespace
}  // namespace osbackup::restore
