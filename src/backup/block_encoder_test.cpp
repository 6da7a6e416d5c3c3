#include "backup/block_encoder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "backup/block_planner.hpp"
#include "core/error.hpp"
#include "support/gunzip.hpp"
#include "support/random_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kMiB = 1U << 20U;

std::string as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A directory that is planned and encoded, with something done to it in between.
class BlockEncoderTest : public testing::Test {
 protected:
  fs::path at(const std::string& name) const { return folder_.path() / "tree" / name; }
  void write(const std::string& name, std::string_view content) const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name), std::ios::binary) << content;
  }
  static std::string random_text(std::size_t size, unsigned seed = 1) {
    return as_text(test::random_bytes({.size = size, .seed = seed}));
  }

  void plan() {
    BlockPlanner planner(at("").parent_path(),
                         {.rules = rules_, .warnings = warnings_, .linked_objects = linked_objects_}, {});
    while (std::optional<Block> block = planner.next()) {
      read_ahead_.prepare(*block);
      blocks_.push_back(std::move(*block));
    }
  }
  void encode() {
    for (Block& block : blocks_) {
      encoded_.push_back(encoder_.encode(block, [](const EncodedBlock&) { FAIL() << "a block of usual size"; }));
      const MemberRun& run = encoded_.back().members;
      std::size_t begin = 0;
      for (const std::size_t end : run.ends) {
        members_.push_back(test::gunzip_member(std::span(run.bytes).subspan(begin, end - begin)));
        tar_ += members_.back();
        begin = end;
      }
    }
  }
  void plan_and_encode() {
    plan();
    encode();
  }

  /// What was encoded of a file, wherever its digest came from.
  struct Found {
    std::optional<crypto::Sha256Digest> digest;
    bool changed = false;
    std::uint64_t size = 0;
  };
  std::optional<Found> find(const std::string& name) const {
    const std::string path = at(name).string().substr(1);
    for (std::size_t i = 0; i < encoded_.size(); ++i)
      for (const EncodedObject& object : encoded_[i].objects)
        if (object.path == path) {
          Found found{.digest = object.digest, .changed = object.changed, .size = object.size};
          std::size_t last = i;
          while (encoded_[last].is_continued) ++last;
          if (blocks_[i].slice) {
            found.digest = encoded_[last].digest;
            found.changed = encoded_[last].changed;
          }
          return found;
        }
    return std::nullopt;
  }
  /// Whether two names were encoded as one object.
  bool are_one(const std::string& first, const std::string& other) const {
    std::vector<std::optional<std::uint64_t>> linked;
    for (const EncodedBlock& block : encoded_)
      for (const EncodedObject& object : block.objects)
        if (object.path == at(first).string().substr(1) || object.path == at(other).string().substr(1))
          linked.push_back(object.linked);
    return linked.size() == 2 && linked[0] && linked[0] == linked[1];
  }
  static crypto::Sha256Digest digest_of(const std::string& content) {
    return crypto::sha256(std::as_bytes(std::span(content)));
  }
  std::vector<std::string> reasons(WarningKind kind) const {
    std::vector<std::string> found;
    for (const Warning& warning : heard_)
      if (warning.kind == kind) found.push_back(warning.reason);
    return found;
  }

  test::TemporaryFolder folder_;
  SelectionRules rules_;
  LinkedObjects linked_objects_{folder_.path()};
  std::vector<Warning> heard_;
  WarningLog warnings_{[this](const Warning& warning) { heard_.push_back(warning); }};
  Progress progress_;
  system::OwnerNames owners_;
  ReadAhead read_ahead_;
  std::stop_source stop_;
  BlockEncoder encoder_{archive::Compression::Fast,
                        {.owners = owners_,
                         .warnings = warnings_,
                         .progress = progress_,
                         .read_ahead = read_ahead_,
                         .stop = stop_.get_token()}};
  std::vector<Block> blocks_;
  std::vector<EncodedBlock> encoded_;
  std::vector<std::string> members_;
  std::string tar_;
};

TEST_F(BlockEncoderTest, SmallFilesShareAMember) {
  write("a", "one");
  write("b", "two");

  plan_and_encode();

  EXPECT_THAT(members_, SizeIs(1));
  EXPECT_EQ(find("a")->digest, digest_of("one"));
  EXPECT_EQ(find("b")->digest, digest_of("two"));
  EXPECT_THAT(tar_, testing::EndsWith(std::string(1024, '\0')));
}

TEST_F(BlockEncoderTest, NoMemberHoldsMoreThanOneMiB) {
  for (int i = 0; i < 30; ++i) write("file" + std::to_string(i), random_text(100'000, static_cast<unsigned>(i)));
  write("large", random_text(5 * kMiB + 123));

  plan_and_encode();

  for (const std::string& member : members_) EXPECT_LE(member.size(), kMiB);
  EXPECT_EQ(find("large")->digest, digest_of(random_text(5 * kMiB + 123)));
}

TEST_F(BlockEncoderTest, AnEntryOfExactlyOneMiBLiesInOneMember) {
  write("file", random_text(kMiB - 512));
  const timespec whole_second[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 1, .tv_nsec = 0}};
  utimensat(AT_FDCWD, at("file").c_str(), whole_second, 0);

  plan_and_encode();

  // The directory; the file; the end.
  ASSERT_THAT(members_, SizeIs(3));
  EXPECT_EQ(members_[1].size(), kMiB);
}

TEST_F(BlockEncoderTest, HeadersAreNeverSplitAndALargerEntryHasMembersOfItsOwn) {
  // Its time needs a pax header, so that headers and content are longer than a member.
  write("file", random_text(kMiB - 512));
  const timespec part_of_a_second[2] = {{.tv_sec = 1, .tv_nsec = 5}, {.tv_sec = 1, .tv_nsec = 5}};
  utimensat(AT_FDCWD, at("file").c_str(), part_of_a_second, 0);

  plan_and_encode();

  // The directory; the file's first MiB; the rest of it; the end.
  ASSERT_THAT(members_, SizeIs(4));
  EXPECT_EQ(members_[1].size(), kMiB);
  EXPECT_EQ(members_[2].size(), 1024U);
  EXPECT_EQ(members_[3].size(), 1024U);
}

TEST_F(BlockEncoderTest, AFileThatVanishesIsMissing) {
  write("gone", "x");
  write("stays", "y");
  plan();
  fs::remove(at("gone"));

  encode();

  EXPECT_FALSE(find("gone"));
  EXPECT_TRUE(find("stays"));
  EXPECT_THAT(reasons(WarningKind::Missing), ElementsAre("vanished before it was read"));
}

TEST_F(BlockEncoderTest, AFileThatTurnsIntoAFifoIsNotWaitedFor) {
  write("file", "x");
  plan();
  fs::remove(at("file"));
  ASSERT_EQ(mkfifo(at("file").c_str(), 0600), 0);

  encode();

  EXPECT_FALSE(find("file"));
  EXPECT_THAT(reasons(WarningKind::Missing), ElementsAre("was replaced before it was read"));
}

TEST_F(BlockEncoderTest, AFileThatTurnsIntoALinkIsNotFollowed) {
  write("file", "x");
  write("secret", "y");
  plan();
  fs::remove(at("file"));
  fs::create_symlink(at("secret"), at("file"));

  encode();

  EXPECT_FALSE(find("file"));
  EXPECT_THAT(reasons(WarningKind::Missing), ElementsAre("was replaced by a link before it was read"));
}

TEST_F(BlockEncoderTest, AFileThatGrewBeforeItWasOpenedIsStoredAsItIs) {
  write("file", "short");
  plan();
  write("file", "longer than before");

  encode();

  EXPECT_EQ(find("file")->digest, digest_of("longer than before"));
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(BlockEncoderTest, AFileThatGrewBeyondAMemberIsCutToItsSizeBefore) {
  write("file", "short");
  plan();
  write("file", "SHORT" + random_text(3 * kMiB));

  encode();

  EXPECT_EQ(find("file")->digest, digest_of("SHORT"));
  EXPECT_TRUE(find("file")->changed);
  EXPECT_THAT(reasons(WarningKind::Changed), ElementsAre("changed while it was read"));
}

TEST_F(BlockEncoderTest, AFileThatIsWrittenToAllTheTimeIsStoredAndMarked) {
  write("file", random_text(900'000));
  std::atomic<bool> enough = false;
  std::jthread writer([&] {
    for (long i = 0; !enough; ++i) {
      const timespec times[2] = {{.tv_sec = i, .tv_nsec = 0}, {.tv_sec = i, .tv_nsec = 0}};
      utimensat(AT_FDCWD, at("file").c_str(), times, 0);
    }
  });

  // When the writer gets its turn is the machine's affair: until it was between two looks at the file.
  constexpr int kTriesMax = 10'000;
  for (int i = 0; i < kTriesMax && reasons(WarningKind::Changed).empty(); ++i) {
    blocks_.clear();
    encoded_.clear();
    plan_and_encode();
  }
  enough = true;

  EXPECT_EQ(find("file")->digest, digest_of(random_text(900'000)));
  EXPECT_TRUE(find("file")->changed);
  EXPECT_THAT(reasons(WarningKind::Changed), ElementsAre("changed while it was read"));
}

TEST_F(BlockEncoderTest, ALargeFileThatShrankIsFilledWithZeros) {
  const std::string content = random_text(3 * kMiB);
  write("file", content);
  plan();
  fs::resize_file(at("file"), kMiB + 7);

  encode();

  EXPECT_EQ(find("file")->size, 3 * kMiB);
  EXPECT_EQ(find("file")->digest, digest_of(content.substr(0, kMiB + 7) + std::string(2 * kMiB - 7, '\0')));
  EXPECT_TRUE(find("file")->changed);
  EXPECT_THAT(reasons(WarningKind::Missing), ElementsAre("became shorter while it was read; the rest is zeros"));
}

TEST_F(BlockEncoderTest, ALargeFileThatGrewIsCutToItsSizeBefore) {
  const std::string content = random_text(3 * kMiB);
  write("file", content);
  plan();
  write("file", content + "more");

  encode();

  EXPECT_EQ(find("file")->digest, digest_of(content));
  EXPECT_TRUE(find("file")->changed);
  EXPECT_THAT(reasons(WarningKind::Changed), ElementsAre("changed while it was read"));
}

TEST_F(BlockEncoderTest, OfSeveralNamesTheFirstHasTheContent) {
  write("a", "content");
  fs::create_hard_link(at("a"), at("b"));
  fs::create_hard_link(at("a"), at("c"));

  plan_and_encode();

  EXPECT_EQ(find("a")->digest, digest_of("content"));
  EXPECT_TRUE(are_one("a", "c"));
  EXPECT_EQ(find("c")->size, 7U);
  EXPECT_EQ(encoded_.at(0).objects.at(1).type, archive::EntryType::File);
  EXPECT_EQ(encoded_.at(0).objects.at(2).type, archive::EntryType::Hardlink);
  EXPECT_EQ(encoded_.at(0).objects.at(3).type, archive::EntryType::Hardlink);
}

TEST_F(BlockEncoderTest, ALargeFileIsOneObjectWithItsOtherNames) {
  write("a", random_text(3 * kMiB));
  fs::create_hard_link(at("a"), at("b"));

  plan_and_encode();

  EXPECT_EQ(find("a")->digest, digest_of(random_text(3 * kMiB)));
  EXPECT_TRUE(are_one("a", "b"));
  EXPECT_EQ(find("b")->size, 3 * kMiB);
}

TEST_F(BlockEncoderTest, SeveralNamesOfALinkAreHardLinks) {
  fs::create_directories(at(""));
  fs::create_symlink("nowhere", at("a"));
  fs::create_hard_link(at("a"), at("b"));

  plan_and_encode();

  EXPECT_EQ(encoded_.at(0).objects.at(1).type, archive::EntryType::Symlink);
  EXPECT_EQ(encoded_.at(0).objects.at(2).type, archive::EntryType::Hardlink);
}

TEST_F(BlockEncoderTest, AFileThatOtherNamesLinkToIsStoredAlthoughItCannotBeRead) {
  write("a", "content");
  fs::create_hard_link(at("a"), at("b"));
  plan();
  blocks_.at(0).objects.at(1).held->descriptor =
      system::FileDescriptor(open(at("a").c_str(), O_WRONLY | O_CLOEXEC));  // Every read fails.

  encode();

  ASSERT_TRUE(find("a"));
  EXPECT_EQ(find("a")->digest, digest_of(std::string(7, '\0')));
  EXPECT_TRUE(find("a")->changed);
  EXPECT_TRUE(are_one("a", "b"));
  EXPECT_THAT(reasons(WarningKind::Missing),
              ElementsAre("cannot be read to its end, the rest is zeros: Bad file descriptor"));
}

TEST_F(BlockEncoderTest, AFileWithOneNameIsLeftOutWhenItCannotBeRead) {
  write("a", "content");
  fs::resize_file(at("a"), kMiB / 2);  // It has a hole, so it is opened when it is planned.
  plan();
  blocks_.at(0).objects.at(1).held->descriptor = system::FileDescriptor(open(at("a").c_str(), O_WRONLY | O_CLOEXEC));

  encode();

  EXPECT_FALSE(find("a"));
  EXPECT_THAT(reasons(WarningKind::Missing), ElementsAre("cannot be read: Bad file descriptor"));
}

TEST_F(BlockEncoderTest, WhatTakesMuchMemoryLeavesInParts) {
  // Attributes come on top of what a block is planned to hold: these make three members of one block.
  constexpr int kFiles = 600;
  for (int i = 0; i < kFiles; ++i) {
    const std::string name = "file" + std::to_string(i);
    write(name, "");
    const std::string value = random_text(3'800, static_cast<unsigned>(i));
    ASSERT_EQ(setxattr(at(name).c_str(), "trusted.large", value.data(), value.size(), 0), 0);
  }
  plan();
  ASSERT_THAT(blocks_, SizeIs(1));
  BlockEncoder encoder(archive::Compression::Fast, {.owners = owners_,
                                                    .warnings = warnings_,
                                                    .progress = progress_,
                                                    .read_ahead = read_ahead_,
                                                    .stop = stop_.get_token(),
                                                    .part_bytes = 1});

  std::vector<EncodedBlock> parts;
  parts.push_back(encoder.encode(blocks_[0], [&](EncodedBlock part) { parts.push_back(std::move(part)); }));

  std::size_t objects = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    objects += parts[i].objects.size();
    EXPECT_LT(parts[i].members.tar_bytes, 3 * kMiB / 2);
    EXPECT_EQ(parts[i].ends_directory, i + 1 == parts.size());
    EXPECT_EQ(parts[i].objects.front().place.member, 0U);
    EXPECT_EQ(parts[i].objects.back().last_member, parts[i].members.ends.size() - 1);
  }
  EXPECT_GT(parts.size(), 2U);
  EXPECT_EQ(objects, 1U + kFiles);
}

TEST_F(BlockEncoderTest, HolesAreNotStoredButCount) {
  write("sparse", "");
  fs::resize_file(at("sparse"), 100 * kMiB);
  const int file = open(at("sparse").c_str(), O_WRONLY);
  ASSERT_EQ(pwrite(file, "data", 4, static_cast<off_t>(50 * kMiB)), 4);
  close(file);

  plan_and_encode();

  std::string content(100 * kMiB, '\0');
  content.replace(50 * kMiB, 4, "data");
  EXPECT_EQ(find("sparse")->digest, digest_of(content));
  EXPECT_LT(tar_.size(), kMiB);
}

TEST_F(BlockEncoderTest, AStoppedRunStopsInALargeFile) {
  write("file", random_text(3 * kMiB));
  plan();
  stop_.request_stop();

  // Nobody hashes the first slice, so the second would wait for ever.
  EXPECT_THROW(encoder_.encode(blocks_.at(2), {}), Error);
}

}  // namespace
}  // namespace osbackup::backup
