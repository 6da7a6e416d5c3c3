#include "restore/large_file.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "archive/gzip_member_reader.hpp"
#include "core/error.hpp"
#include "restore/extraction.hpp"
#include "support/fails_with.hpp"
#include "support/memory_sink.hpp"
#include "support/object_archive.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::fails_with;
using test::ObjectArchive;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

/// A file in seven members, which is taken out of an archive with damage, by as many threads as make trouble.
class LargeFileTest : public testing::Test {
 protected:
  /// As it lies in the archive, and in the file.
  struct Member {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::size_t content_begin = 0;
    std::size_t content_end = 0;
  };
  static constexpr std::size_t kSize = 6'500'000;

  LargeFileTest() {
    auto& etc = made_.directories["/etc"];
    etc.push_back(ObjectArchive::file("etc/big", content_));
    etc.back().entry.links = 2;
    etc.push_back(ObjectArchive::file("etc/small", test::random_bytes({.size = 100, .seed = 2})));
    etc.push_back(ObjectArchive::link("etc/the-link", EntryType::Hardlink, "etc/big"));
  }

  void build() {
    const auto built = made_.build();
    archive::ArchiveReader archive(built);
    const archive::ZipPlace place = archive.span_of(*archive.find("etc/big"));
    bytes_ = built->all();
    std::vector<std::byte> headers;
    archive::TarWriter(headers).append_headers(made_.directories["/etc"][0].entry);
    std::size_t tar = 0;
    const auto in_content = [&](std::size_t offset) {
      return std::clamp(offset, headers.size(), headers.size() + kSize) - headers.size();
    };
    members_.clear();
    for (std::size_t at = place.offset; at < place.offset + place.length;) {
      const auto rest = std::span(bytes_).subspan(at);
      const auto length = static_cast<std::size_t>(archive::member_length(rest, rest.size()));
      const std::size_t bytes = archive::GzipMemberReader().content_of(rest.first(length), 1U << 20U).size();
      members_.push_back(
          {.begin = at, .end = at + length, .content_begin = in_content(tar), .content_end = in_content(tar + bytes)});
      at += length;
      tar += bytes;
    }
    ASSERT_EQ(members_.size(), 7U);
  }

  /// Changes a byte in the middle of a member's data.
  void damage_data(std::size_t number) { bytes_[(members_[number].begin + members_[number].end) / 2] ^= std::byte{4}; }
  /// Makes a member say another length of its content.
  void damage_size(std::size_t number) { bytes_[members_[number].end - 3] ^= std::byte{4}; }
  void damage_crc(std::size_t number) { bytes_[members_[number].end - 8] ^= std::byte{4}; }
  /// Makes a member no member.
  void damage_header(std::size_t number) { bytes_[members_[number].begin] ^= std::byte{4}; }

  void extract_all() {
    archive::ArchiveReader archive(std::make_shared<MemoryRange>(bytes_));
    extract(archive, order_, sink_, {.troubles = troubles_, .progress = progress_});
  }

  /// The content with zeros for a stretch.
  static std::vector<std::byte> without(std::vector<std::byte> content, std::size_t begin, std::size_t end) {
    std::fill(content.begin() + static_cast<std::ptrdiff_t>(begin), content.begin() + static_cast<std::ptrdiff_t>(end),
              std::byte{0});
    return content;
  }

  /// That nothing but this is kept of the file, and everything else is restored.
  void expect_kept(const std::vector<std::byte>& content) {
    ASSERT_TRUE(sink_.damaged().contains("etc/big"));
    EXPECT_TRUE(sink_.damaged().at("etc/big").content == content);
    EXPECT_THAT(sink_.paths(), ElementsAre("etc/small"));
    ASSERT_EQ(told_.size(), 2U);
    EXPECT_EQ(told_[1], "etc/the-link: the content that it is a hard link to could not be restored");
  }

  const std::vector<std::byte> content_ = test::random_bytes({.size = kSize, .seed = 1});
  ObjectArchive made_;
  std::vector<std::byte> bytes_;
  std::vector<Member> members_;
  ExtractionOrder order_{.selection = {}, .threads = 4, .keep_going = true, .stop = {}};
  test::MemorySink sink_;
  std::vector<std::string> told_;
  TroubleLog troubles_{[this](const Trouble& trouble) { told_.push_back(to_line(trouble)); }};
  RestoreProgress progress_;
};

TEST_F(LargeFileTest, KeepsAllButADamagedMember) {
  for (const unsigned threads : {1U, 2U, 7U}) {
    for (std::size_t number = 0; number < 7; ++number) {
      SCOPED_TRACE(fmt::format("member {} with {} threads", number, threads));
      build();
      damage_data(number);
      order_.threads = threads;
      told_.clear();

      extract_all();

      expect_kept(without(content_, members_[number].content_begin, members_[number].content_end));
      EXPECT_THAT(told_[0], HasSubstr(fmt::format("MiB, from byte {} on, are lost; the rest is kept as etc/big.damaged",
                                                  members_[number].content_begin)));
    }
  }
}

TEST_F(LargeFileTest, KeepsAllButSeveralDamagedMembersAndNamesTheFirst) {
  for (unsigned i = 0; i < 40; ++i) {
    build();
    damage_data(2);
    damage_data(4);
    order_.threads = 1 + i % 7;
    told_.clear();

    extract_all();

    const auto rest = without(content_, members_[2].content_begin, members_[2].content_end);
    expect_kept(without(rest, members_[4].content_begin, members_[4].content_end));
    EXPECT_THAT(told_[0],
                StartsWith(fmt::format("etc/big: the gzip member at byte {} of the archive: a gzip member has ",
                                       members_[2].begin)));
    EXPECT_THAT(told_[0],
                HasSubstr(fmt::format("; 2.0 MiB of its 6.2 MiB are lost, in 2 places, the first at byte {}; ",
                                      members_[2].content_begin)));
  }
}

TEST_F(LargeFileTest, IsWholeWhenAllItsContentIsFoundBehindDamage) {
  const std::vector<std::function<void(std::size_t)>> damages = {[&](std::size_t number) { damage_header(number); },
                                                                 [&](std::size_t number) { damage_size(number); },
                                                                 [&](std::size_t number) { damage_crc(number); }};
  for (const unsigned threads : {1U, 7U}) {
    for (std::size_t i = 0; i < damages.size() * 7; ++i) {
      SCOPED_TRACE(fmt::format("damage {} of member {} with {} threads", i / 7, i % 7, threads));
      build();
      damages[i / 7](i % 7);
      order_.threads = threads;
      told_.clear();
      sink_.forget();

      extract_all();

      EXPECT_THAT(sink_.paths(), ElementsAre("etc/big", "etc/small", "etc/the-link"));
      EXPECT_TRUE(sink_.finished().at("etc/big").content == content_);
      EXPECT_THAT(told_, ElementsAre(StartsWith("gzip members of etc/big are damaged, but all of it is whole: ")));
      EXPECT_EQ(progress_.objects, 3U * (threads == 1 ? i + 1 : i + 22));
    }
  }
}

TEST_F(LargeFileTest, IsSalvagedWhenTheLengthOfItsFirstMemberIsThatOfAll) {
  build();
  const std::uint64_t length = members_.back().end - members_.front().begin;
  for (std::size_t i = 0; i < 8; ++i) bytes_[members_[0].begin + 16 + i] = static_cast<std::byte>(length >> (8 * i));

  extract_all();

  EXPECT_TRUE(sink_.finished().at("etc/big").content == content_);
}

TEST_F(LargeFileTest, KeepsContentOfAnotherDigestAsDamaged) {
  std::vector<std::byte> changed = content_;
  changed[3'000'000] ^= std::byte{1};
  made_.change_content = [&](std::vector<std::byte>& content) {
    if (content.size() == kSize) content = changed;
  };
  build();

  extract_all();

  expect_kept(changed);
  EXPECT_EQ(told_[0],
            "etc/big: its content is not what was backed up: the digest does not match the index; what there is of it "
            "is kept as etc/big.damaged");
}

TEST_F(LargeFileTest, SaysWhyTheRestCannotBeKept) {
  sink_.on_keep = [](const std::string&) { throw Error(ErrorKind::Exists, "all names are taken"); };
  build();
  damage_data(2);

  extract_all();

  EXPECT_THAT(told_[0], testing::EndsWith("are lost; the rest cannot be kept: all names are taken"));
}

TEST_F(LargeFileTest, KeepsNothingWhenItIsNotToGoOn) {
  order_.keep_going = false;
  const std::vector<std::function<void()>> damages = {[&] { damage_data(3); }, [&] { damage_header(3); },
                                                      [&] { damage_size(3); }};
  for (const auto& damage : damages) {
    build();
    damage();

    EXPECT_THAT([&] { extract_all(); }, fails_with(ErrorKind::Corrupt, "etc/big: "));
    EXPECT_THAT(sink_.damaged(), IsEmpty());
  }
}

TEST_F(LargeFileTest, KeepsNothingOfAFileThatCannotBeWritten) {
  sink_.on_write = [](const std::string& path) {
    if (path == "etc/big") throw Error(ErrorKind::Denied, "write it: no");
  };
  build();
  damage_data(2);

  extract_all();

  EXPECT_THAT(sink_.damaged(), IsEmpty());
}

}  // namespace
}  // namespace osbackup::restore
