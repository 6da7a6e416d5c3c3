#include "restore/salvaged_entries.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "archive/zip_directory.hpp"
#include "archive/zip_format.hpp"
#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/project_file.hpp"
#include "support/random_bytes.hpp"
#include "support/tar_archive.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::TarArchive;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Bytes that deflate cannot make smaller, so that they lie in the archive as they are.
std::string noise(std::size_t bytes, std::uint64_t seed) {
  const auto random = test::random_bytes({.size = bytes, .seed = seed});
  return {reinterpret_cast<const char*>(random.data()), random.size()};
}

TarArchive::Object sparse_file(const std::string& path) {
  TarArchive::Object object = TarArchive::file(path, std::string(20'000, '\0'));
  object.entry.sparse = true;
  object.entry.extents = {{.offset = 1'000, .length = 1'024}, {.offset = 9'000, .length = 3'000}};
  for (const archive::Extent& extent : object.entry.extents)
    object.content.replace(extent.offset, extent.length, noise(extent.length, extent.offset));
  return object;
}

/// Small files that share members, files in several members, links, a sparse file, and a directory that was configured
/// by a link.
TarArchive some_archive() {
  TarArchive made;
  made.member_bytes = 4'096;
  const TarArchive::Object linked = TarArchive::file("etc/a", noise(300, 1));
  made.directories["/etc"] = {TarArchive::directory("etc"),
                              linked,
                              TarArchive::file("etc/b", noise(1'500, 2)),
                              TarArchive::file("etc/big", noise(15'000, 3)),
                              TarArchive::hard_link("etc/c", linked),
                              TarArchive::file("etc/d", noise(2'500, 4)),
                              TarArchive::file("etc/e", noise(100, 5)),
                              TarArchive::symlink("etc/f", "/nowhere")};
  made.directories["/lib"] = {TarArchive::symlink("lib", "usr/lib"), TarArchive::directory("usr/lib"),
                              TarArchive::file("usr/lib/" + std::string(200, 'x'), noise(3'000, 6)),
                              sparse_file("usr/lib/y"), TarArchive::file("usr/lib/z", noise(200, 7))};
  made.directories["/srv"] = {TarArchive::directory("srv"), TarArchive::file("srv/large", noise(8'192, 8))};
  return made;
}

/// What came out of an archive.
struct Salvaged {
  std::map<std::string, archive::Entry> whole = {};
  std::map<std::string, std::string> contents = {};  ///< Of whole and of damaged files; of these with zeros for holes.
  std::set<std::string> damaged = {};
  std::vector<SalvageLoss> losses = {};
};

Salvaged salvage(std::vector<std::byte> bytes) {
  Salvaged salvaged;
  SalvagedEntries entries(std::make_shared<MemoryRange>(std::move(bytes)),
                          [&](const SalvageLoss& loss) { salvaged.losses.push_back(loss); });
  while (const auto entry = entries.next()) {
    EXPECT_FALSE(salvaged.contents.contains(entry->path)) << entry->path;
    std::string content(entry->type == EntryType::File ? entry->size : 0, '\0');
    while (const auto piece = entries.next_content()) {
      const std::string text(reinterpret_cast<const char*>(piece->bytes.data()), piece->bytes.size());
      content.replace(piece->offset, text.size(), text);
    }
    salvaged.contents[entry->path] = content;
    if (entries.is_whole())
      salvaged.whole[entry->path] = *entry;
    else
      salvaged.damaged.insert(entry->path);
  }
  return salvaged;
}

class SalvagedEntriesTest : public testing::Test {
 protected:
  SalvagedEntriesTest() {
    for (const auto& [directory, objects] : made_.directories)
      for (const TarArchive::Object& object : objects) objects_[object.entry.path] = object;
  }

  /// That what came out is right, and is everything but what has records in a member that `is_lost`.
  template <class IsLost>
  void expect_all_but(const Salvaged& salvaged, IsLost is_lost, const std::string& where) {
    std::set<std::string> lost;
    for (const TarArchive::Member& member : built_.members)
      if (is_lost(member)) lost.insert(member.paths.begin(), member.paths.end());
    for (const auto& [path, object] : objects_) {
      if (!lost.contains(path)) {
        EXPECT_TRUE(salvaged.whole.contains(path)) << path << " with " << where;
      }
    }
    for (const auto& [path, entry] : salvaged.whole) {
      ASSERT_TRUE(objects_.contains(path)) << path << " with " << where;
      EXPECT_EQ(entry.type, objects_[path].entry.type) << path << " with " << where;
      EXPECT_EQ(entry.target, objects_[path].entry.target) << path << " with " << where;
      if (entry.type == EntryType::File) {
        EXPECT_TRUE(salvaged.contents.at(path) == objects_[path].content) << path << " with " << where;
      }
    }
    for (const std::string& path : salvaged.damaged) {
      ASSERT_TRUE(lost.contains(path)) << path << " with " << where;
      expect_only_holes(salvaged.contents.at(path), objects_[path].content, fmt::format("{} with {}", path, where));
    }
  }
  static void expect_only_holes(const std::string& found, const std::string& expected, const std::string& where) {
    ASSERT_EQ(found.size(), expected.size()) << where;
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_TRUE(found[i] == '\0' || found[i] == expected[i]) << where;
  }

  /// The first member of a path, and so the one with its headers.
  const TarArchive::Member& member_of(const std::string& path, std::size_t number = 0) const {
    for (const TarArchive::Member& member : built_.members)
      if (std::find(member.paths.begin(), member.paths.end(), path) != member.paths.end() && number-- == 0)
        return member;
    throw std::logic_error(path);
  }
  /// The bytes to damage one by one: all but in the middle of members, where they are alike.
  std::vector<std::uint64_t> bytes_before(std::uint64_t end) const {
    constexpr std::uint64_t kEdge = 32;
    constexpr std::uint64_t kStep = 61;
    std::vector<std::uint64_t> bytes;
    for (std::uint64_t byte = 0; byte < end; ++byte) {
      const auto is_in_the_middle = [&](const auto& member) {
        return byte >= member.offset + kEdge && byte + kEdge < member.offset + member.length;
      };
      if (byte % kStep == 0 || std::none_of(built_.members.begin(), built_.members.end(), is_in_the_middle))
        bytes.push_back(byte);
    }
    return bytes;
  }
  static void overwrite(std::vector<std::byte>& bytes, std::uint64_t offset, std::size_t count) {
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), count, std::byte{0});
  }
  /// The central directory, and so all help from it, is lost.
  static void damage_directory(std::vector<std::byte>& bytes) { bytes[bytes.size() - 22] ^= std::byte{1}; }

  TarArchive made_ = some_archive();
  TarArchive::Built built_ = made_.build();
  std::map<std::string, TarArchive::Object> objects_;
};

TEST_F(SalvagedEntriesTest, GetsEverythingOutOfAGoodArchive) {
  const Salvaged salvaged = salvage(built_.bytes);

  expect_all_but(
      salvaged, [](const auto&) { return false; }, "no damage");
  EXPECT_THAT(salvaged.losses, IsEmpty());
  EXPECT_EQ(salvaged.contents.at("usr/lib/y"), objects_["usr/lib/y"].content);
}

TEST_F(SalvagedEntriesTest, GetsEverythingOutWithoutTheCentralDirectory) {
  std::vector<std::byte> bytes = built_.bytes;
  damage_directory(bytes);

  const Salvaged salvaged = salvage(bytes);

  expect_all_but(
      salvaged, [](const auto&) { return false; }, "no central directory");
  EXPECT_THAT(salvaged.losses, IsEmpty());
}

TEST_F(SalvagedEntriesTest, GetsOutWhatComesBeforeACut) {
  for (const std::uint64_t size : bytes_before(built_.manifest.index.offset)) {
    const Salvaged salvaged = salvage({built_.bytes.begin(), built_.bytes.begin() + static_cast<std::ptrdiff_t>(size)});
    expect_all_but(
        salvaged, [&](const auto& member) { return member.offset + member.length > size; },
        fmt::format("{} bytes", size));
  }
}

TEST_F(SalvagedEntriesTest, GetsOutEverythingBesideAFlippedBit) {
  for (const std::uint64_t byte : bytes_before(built_.bytes.size())) {
    std::vector<std::byte> bytes = built_.bytes;
    bytes[byte] ^= std::byte{1} << (byte % 8);
    expect_all_but(
        salvage(bytes),
        [&](const auto& member) { return byte >= member.offset && byte < member.offset + member.length; },
        fmt::format("bit {} of byte {}", byte % 8, byte));
  }
}

TEST_F(SalvagedEntriesTest, LosesNothingToADamagedHeaderOrSizeOfAMember) {
  for (const TarArchive::Member& member : built_.members) {
    for (const std::uint64_t byte : {member.offset, member.offset + 11, member.offset + 16, member.offset + 20,
                                     member.offset + member.length - 4, member.offset + member.length - 1}) {
      std::vector<std::byte> bytes = built_.bytes;
      bytes[byte] ^= std::byte{1};
      const Salvaged salvaged = salvage(bytes);
      expect_all_but(
          salvaged, [](const auto&) { return false; }, fmt::format("byte {}", byte));
      EXPECT_THAT(salvaged.losses, IsEmpty()) << byte;
    }
  }
}

TEST_F(SalvagedEntriesTest, GetsOutEverythingBesideAFlippedBitWithoutTheCentralDirectory) {
  for (const std::uint64_t byte : bytes_before(built_.manifest.index.offset)) {
    std::vector<std::byte> bytes = built_.bytes;
    bytes[byte] ^= std::byte{1} << (byte % 8);
    damage_directory(bytes);
    const Salvaged salvaged = salvage(bytes);
    const auto is_hit = [&](const auto& member) {
      return byte >= member.offset && byte < member.offset + member.length;
    };
    const auto hit = std::find_if(built_.members.begin(), built_.members.end(), is_hit);
    // The member that ends a tar, when its length is lost too, leads to nothing that could not be content.
    const bool is_last = hit != built_.members.end() &&
                         (hit + 1 == built_.members.end() || (hit + 1)->offset != hit->offset + hit->length);
    if (is_last && byte < hit->offset + archive::kMemberHeaderBytes) continue;
    expect_all_but(salvaged, is_hit, fmt::format("bit {} of byte {}", byte % 8, byte));
  }
}

TEST_F(SalvagedEntriesTest, GetsOutEverythingBesideBytesThatAreGone) {
  constexpr std::size_t kGone = 600;
  for (std::size_t begin = 0; begin + kGone < built_.manifest.index.offset; begin += 37) {
    std::vector<std::byte> bytes = built_.bytes;
    overwrite(bytes, begin, kGone);
    expect_all_but(
        salvage(bytes),
        [&](const auto& member) { return member.offset < begin + kGone && member.offset + member.length > begin; },
        fmt::format("{} bytes gone from {} on", kGone, begin));
  }
}

TEST_F(SalvagedEntriesTest, FindsTheNextDirectoryWhenTheEndOfTheOneBeforeIsLost) {
  made_.directories.clear();
  made_.member_bytes = archive::kMemberContentMax;
  made_.directories["/etc"] = {TarArchive::directory("etc")};
  made_.directories["/srv"] = {TarArchive::directory("srv"), TarArchive::file("srv/a", noise(3'000'000, 1))};
  const TarArchive::Built built = made_.build();
  std::vector<std::byte> bytes = built.bytes;
  damage_directory(bytes);
  overwrite(bytes, built.members[0].offset, archive::kMemberHeaderBytes);

  const Salvaged salvaged = salvage(bytes);

  EXPECT_THAT(salvaged.whole, testing::UnorderedElementsAre(testing::Key("srv"), testing::Key("srv/a")));
  ASSERT_EQ(salvaged.losses.size(), 1U);
  EXPECT_EQ(salvaged.losses[0].tar, "etc.tar.gz");
}

TEST_F(SalvagedEntriesTest, GivesThePiecesOfAFileThatIsDamagedInTheMiddle) {
  const TarArchive::Member& member = member_of("etc/big", 1);
  std::vector<std::byte> bytes = built_.bytes;
  bytes[member.offset + 100] ^= std::byte{1};

  const Salvaged salvaged = salvage(bytes);

  EXPECT_THAT(salvaged.damaged, ElementsAre("etc/big"));
  const std::string& content = salvaged.contents.at("etc/big");
  const std::string& expected = objects_["etc/big"].content;
  const std::size_t begin = content.find(std::string(100, '\0'));
  EXPECT_EQ(content.substr(begin, member.content_bytes), std::string(member.content_bytes, '\0'));
  EXPECT_TRUE(content.substr(begin + member.content_bytes) == expected.substr(begin + member.content_bytes));
  EXPECT_THAT(salvaged.losses, ElementsAre(SalvageLoss{.tar = "etc.tar.gz",
                                                       .offset = member.offset,
                                                       .length = member.length,
                                                       .after = "etc/big",
                                                       .before = "etc/big"}));
}

TEST_F(SalvagedEntriesTest, NamesThePathsAroundALoss) {
  const TarArchive::Member& member = member_of("etc/d");
  std::vector<std::byte> bytes = built_.bytes;
  bytes[member.offset + 100] ^= std::byte{1};

  const Salvaged salvaged = salvage(bytes);

  ASSERT_EQ(salvaged.losses.size(), 1U);
  EXPECT_EQ(
      to_text(salvaged.losses[0]),
      fmt::format("{} bytes of the archive from byte {} on, in etc.tar.gz are damaged: what lies behind etc/c and "
                  "before etc/e is lost",
                  member.length, member.offset));
}

TEST_F(SalvagedEntriesTest, TellsWherePiecesAreInTheContentAsItIsStored) {
  SalvagedEntries entries(std::make_shared<MemoryRange>(built_.bytes), [](const auto&) {});
  while (entries.next()->path != "usr/lib/y") continue;

  std::uint64_t stored = 0;
  while (const auto piece = entries.next_content()) {
    EXPECT_EQ(piece->stored_offset, stored);
    EXPECT_EQ(piece->offset, stored < 1'024 ? 1'000 + stored : 9'000 + stored - 1'024);
    stored += piece->bytes.size();
  }
  EXPECT_EQ(stored, 4'024U);
}

/// An archive of ours as the content of a file of another, in a member that is damaged.
class SalvageOfNestedArchives : public SalvagedEntriesTest {
 protected:
  /// `srv/old.zip` is this; in one member, so that a whole archive lies in it.
  void nest(const std::string& content) {
    made_.directories.clear();
    made_.member_bytes = 1U << 20U;
    made_.is_stored = true;
    made_.directories["/srv"] = {TarArchive::directory("srv"), TarArchive::file("srv/old.zip", content),
                                 TarArchive::file("srv/t", noise(700'000, 9)),
                                 TarArchive::file("srv/z", noise(700'000, 10))};
    built_ = made_.build();
    ASSERT_NE(text_of(built_.bytes).find(content), std::string::npos);
    objects_.clear();
    for (const TarArchive::Object& object : made_.directories["/srv"]) objects_[object.entry.path] = object;
  }
  static std::string text_of(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  static std::string old_archive(std::size_t member_bytes, std::size_t file_bytes) {
    TarArchive old;
    old.member_bytes = member_bytes;
    for (const char* name : {"srv/p", "srv/q", "srv/r", "srv/s"})
      old.directories["/srv"].push_back(TarArchive::file(name, noise(file_bytes, 11)));
    old.directories["/srw"] = {TarArchive::directory("srw")};
    return text_of(old.build().bytes);
  }
  void expect_nothing_of_the_old_one(const std::vector<std::byte>& bytes, const std::string& where) {
    const Salvaged salvaged = salvage(bytes);
    for (const auto& [path, content] : salvaged.contents) EXPECT_TRUE(objects_.contains(path)) << path << " " << where;
  }
};

TEST_F(SalvageOfNestedArchives, TakesNoneOfTheirMembersForItsOwn) {
  nest(old_archive(8'192, 5'000));
  const TarArchive::Member& member = member_of("srv/old.zip");

  for (std::size_t byte = 0; byte < archive::kMemberHeaderBytes; ++byte) {
    std::vector<std::byte> bytes = built_.bytes;
    bytes[member.offset + byte] ^= std::byte{0x40};
    expect_nothing_of_the_old_one(bytes, fmt::format("byte {}", byte));
    EXPECT_TRUE(salvage(bytes).whole.contains("srv/z")) << byte;
    damage_directory(bytes);
    expect_nothing_of_the_old_one(bytes, fmt::format("byte {}, without the central directory", byte));
  }
}

TEST_F(SalvageOfNestedArchives, TakesNoneOfTheirMembersForItsOwnWhenTheEndIsCutOff) {
  nest(old_archive(8'192, 5'000));
  const TarArchive::Member& member = member_of("srv/old.zip");

  for (std::size_t size = member.offset; size < member.offset + member.length; size += 997) {
    std::vector<std::byte> bytes = built_.bytes;
    bytes.resize(size);
    expect_nothing_of_the_old_one(bytes, fmt::format("{} bytes", size));
    bytes[member.offset] ^= std::byte{1};
    expect_nothing_of_the_old_one(bytes, fmt::format("{} bytes, damaged", size));
  }
}

/// A tar as the content of a large file whose first member is damaged, so that the rest begins like entries.
class SalvageOfNestedTars : public SalvagedEntriesTest {
 protected:
  /// The content begins so that a member of `srv/old.tar` begins with `headers`.
  void nest(const std::string& before, const std::string& tar) {
    made_.directories.clear();
    made_.member_bytes = 4'096;
    made_.directories["/srv"] = {TarArchive::directory("srv"), TarArchive::file("srv/old.tar", before + tar),
                                 TarArchive::file("srv/z", "z")};
    built_ = made_.build();
  }
  static std::string tar_of(const TarArchive::Object& object) {
    std::vector<std::byte> records;
    archive::TarWriter writer(records);
    writer.append_headers(object.entry);
    const auto content = std::as_bytes(std::span(object.content));
    records.insert(records.end(), content.begin(), content.end());
    writer.append_padding();
    return {reinterpret_cast<const char*>(records.data()), records.size()};
  }
  std::vector<std::byte> with_damaged_begin() const {
    std::vector<std::byte> bytes = built_.bytes;
    bytes[member_of("srv/old.tar").offset + 100] ^= std::byte{1};
    return bytes;
  }
  static constexpr std::size_t kHeaderBytes = 3 * archive::kTarRecordBytes;  // With a pax header for the time.
};

TEST_F(SalvageOfNestedTars, TakesNoEntryOfTheirsThatDoesNotEndWithTheMember) {
  nest(noise(4'096 - kHeaderBytes, 1), tar_of(TarArchive::file("srv/p", noise(5, 2))) + noise(9'000, 3));

  EXPECT_THAT(salvage(with_damaged_begin()).contents,
              testing::UnorderedElementsAre(testing::Key("srv"), testing::Key("srv/z")));
}

TEST_F(SalvageOfNestedTars, TakesNoEntryOfTheirsThatDoesNotBelongThere) {
  const std::string content = noise(4'096 - kHeaderBytes, 2);
  for (const char* path : {"etc/p", "srv", "usr/p"}) {
    nest(noise(4'096 - kHeaderBytes, 1), tar_of(TarArchive::file(path, content)) + noise(9'000, 3));
    EXPECT_THAT(salvage(with_damaged_begin()).contents,
                testing::UnorderedElementsAre(testing::Key("srv"), testing::Key("srv/z")))
        << path;
  }
}

TEST_F(SalvageOfNestedTars, TakesNoEntryThatAnotherProgramWrote) {
  std::string tar = tar_of(TarArchive::file("srv/p", noise(4'096 - kHeaderBytes, 2)));
  // The header of the pax header, as GNU tar names it, with the checksum that then is true.
  const std::string name = "./PaxHeaders/p";
  unsigned checksum = 0;
  tar.replace(0, 100, name + std::string(100 - name.size(), '\0'));
  tar.replace(148, 8, std::string(8, ' '));
  for (std::size_t i = 0; i < 512; ++i) checksum += static_cast<unsigned char>(tar[i]);
  tar.replace(148, 8, fmt::format("{:06o}", checksum) + std::string("\0 ", 2));
  nest(noise(4'096 - kHeaderBytes, 1), tar + noise(9'000, 3));

  EXPECT_THAT(salvage(with_damaged_begin()).contents,
              testing::UnorderedElementsAre(testing::Key("srv"), testing::Key("srv/z")));
}

TEST(SalvagedEntries, GetNothingOutOfOtherBytes) {
  for (const std::size_t size : {0U, 1U, 100U, 5'000'000U}) {
    const Salvaged salvaged = salvage(test::random_bytes({.size = size, .seed = 3}));
    EXPECT_THAT(salvaged.contents, IsEmpty());
  }
}

TEST(SalvagedEntries, AreNotHeldUpByMembersThatLeadToNothing) {
  // A member could begin every 32 bytes, and leads to one of the next ones, but never as far as is wanted.
  constexpr std::size_t kStep = archive::kMemberBytesMin;
  constexpr std::size_t kDeadEndBytes = 2'000'000;
  std::vector<std::byte> bytes(20U << 20U);
  for (std::size_t at = 0; at + kStep <= bytes.size(); at += kStep) {
    std::transform(archive::kMemberHeaderStart.begin(), archive::kMemberHeaderStart.end(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at), [](auto value) { return std::byte{value}; });
    bytes[at + archive::kMemberHeaderStart.size()] = static_cast<std::byte>(kStep * (1 + at / kStep % 7));
  }
  for (std::size_t hole = kDeadEndBytes; hole < bytes.size(); hole += kDeadEndBytes)
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(hole), 1'000, std::byte{0});

  EXPECT_THAT(salvage(bytes).contents, IsEmpty());
}

TEST(SalvagedEntries, StandTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/salvaged_entries");
  EXPECT_GE(corpus.size(), 5U);
  std::size_t entries = 0;
  for (const std::string& text : corpus) {
    const auto bytes = std::as_bytes(std::span(text));
    entries += salvage({bytes.begin(), bytes.end()}).contents.size();
  }
  EXPECT_GE(entries, 20U);
}

TEST(SalvagedEntries, EndWhenTheyAreStopped) {
  std::stop_source stop;
  SalvagedEntries entries(
      std::make_shared<MemoryRange>(test::random_bytes({.size = 5'000'000, .seed = 3})), [](const auto&) {},
      stop.get_token());
  stop.request_stop();

  EXPECT_THAT([&] { entries.next(); }, test::fails_with(ErrorKind::Cancelled, "stopped"));
}

}  // namespace
}  // namespace osbackup::restore
