#include "restore/data_check.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"
#include "support/shell.hpp"
#include "support/tar_archive.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

using test::TarArchive;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

std::string noise(std::size_t bytes, std::uint64_t seed) {
  const auto random = test::random_bytes({.size = bytes, .seed = seed});
  return {reinterpret_cast<const char*>(random.data()), random.size()};
}

/// A finding about this path, in whose problem is this text.
auto found(const std::string& path, const std::string& problem) {
  return AllOf(Field("path", &Finding::path, path), Field("problem", &Finding::problem, HasSubstr(problem)));
}

bool has(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

class DataCheckTest : public testing::Test {
 protected:
  DataCheckTest() {
    made_.member_bytes = 4'096;
    const TarArchive::Object linked = TarArchive::file("etc/a", noise(300, 1));
    made_.directories["/etc"] = {TarArchive::directory("etc"),
                                 linked,
                                 TarArchive::file("etc/b", noise(1'500, 2)),
                                 TarArchive::file("etc/big", noise(15'000, 3)),
                                 TarArchive::hard_link("etc/c", linked),
                                 TarArchive::file("etc/d", noise(2'000, 4)),
                                 sparse_file("etc/e")};
    made_.directories["/srv"] = {TarArchive::directory("srv"), TarArchive::symlink("srv/a", "b"),
                                 TarArchive::file("srv/large", noise(8'192, 5))};
  }
  static TarArchive::Object sparse_file(const std::string& path) {
    TarArchive::Object object = TarArchive::file(path, std::string(20'000, '\0'));
    object.entry.sparse = true;
    object.entry.extents = {{.offset = 1'000, .length = 1'024}};
    object.content.replace(1'000, 1'024, noise(1'024, 6));
    return object;
  }
  TarArchive::Object& object(const std::string& path) {
    for (auto& [directory, objects] : made_.directories)
      for (TarArchive::Object& object : objects)
        if (object.entry.path == path) return object;
    throw std::logic_error(path);
  }

  /// What the data alone has wrong.
  std::vector<Finding> check(const std::vector<std::byte>& bytes, std::optional<double> share = {}) {
    std::vector<Finding> findings;
    const auto object = std::make_shared<MemoryRange>(bytes);
    FindingLog of_structure([](const Finding&) {});
    OpenedArchive opened = check_structure(object, {.findings = of_structure, .progress = progress_, .stop = {}});
    FindingLog log([&](const Finding& finding) { findings.push_back(finding); });
    checked_ = check_data(object, opened, {.threads = 3, .share = share, .seed = seed_},
                          {.findings = log, .progress = progress_, .stop = {}});
    return findings;
  }
  std::vector<Finding> check() { return check(made_.build().bytes); }

  /// What is found when the index says something else of an object than the tar.
  std::vector<Finding> check_with_line(const std::string& path, const std::function<void(archive::Entry&)>& change) {
    made_.change_line = [&](archive::Entry& entry, archive::Placement&) {
      if (entry.path == path) change(entry);
    };
    return check();
  }

  TarArchive made_;
  RestoreProgress progress_;
  CheckedData checked_;
  std::uint64_t seed_ = 1;
};

TEST_F(DataCheckTest, FindsNothingInAGoodArchive) {
  const TarArchive::Built built = made_.build();

  EXPECT_THAT(check(built.bytes), IsEmpty());
  EXPECT_TRUE(checked_.is_compared);
  EXPECT_EQ(checked_.bytes, built.manifest.directories[0].place.length + built.manifest.directories[1].place.length);
}

TEST_F(DataCheckTest, FindsNothingInAnArchiveWithMembersOfEverySize) {
  for (const std::size_t bytes : {512U, 1'024U, 2'048U, 8'192U, 1'048'576U}) {
    made_.member_bytes = bytes;
    EXPECT_THAT(check(), IsEmpty()) << bytes;
  }
}

TEST_F(DataCheckTest, FindsAFlippedBitOfEveryByteAndNamesNoObjectBesideIt) {
  const TarArchive::Built built = made_.build();
  for (const TarArchive::Member& member : built.members) {
    for (std::uint64_t byte = 0; byte < member.length; byte += byte < 40 || byte + 20 > member.length ? 1 : 31) {
      std::vector<std::byte> bytes = built.bytes;
      bytes[member.offset + byte] ^= std::byte{1} << (byte % 8);
      std::vector<std::string> paths;
      for (const Finding& finding : check(bytes)) paths.push_back(finding.path);
      if (has(paths, "etc/a") && !has(member.paths, "etc/c")) {
        EXPECT_TRUE(has(paths, "etc/c")) << "a hard link to what is lost";
        paths.erase(std::remove(paths.begin(), paths.end(), "etc/c"), paths.end());
      }
      EXPECT_THAT(paths, testing::Not(IsEmpty())) << "byte " << byte << " of the member at " << member.offset;
      // A bit that means nothing is found by the CRC of the zip alone, and all objects of a member may be whole.
      if (paths != std::vector<std::string>{""}) {
        EXPECT_THAT(paths, testing::IsSubsetOf(member.paths)) << byte << " of the member at " << member.offset;
      }
    }
  }
}

TEST_F(DataCheckTest, NamesOfADamagedMemberWhatIsLostAlone) {
  made_.is_stored = true;
  const TarArchive::Built built = made_.build();
  const TarArchive::Member& member = built.members.front();
  ASSERT_THAT(member.paths, ElementsAre("etc", "etc/a"));
  const auto with_flipped = [&](std::uint64_t offset) {
    std::vector<std::byte> bytes = built.bytes;
    bytes[offset] ^= std::byte{1};
    return bytes;
  };

  EXPECT_THAT(
      check(with_flipped(member.offset + member.length - 300)),
      ElementsAre(found("etc/a", "another CRC"), found("etc/c", "what it is a hard link to, /etc/a, is damaged")));
  for (const std::uint64_t offset : {member.offset, member.offset + 20, member.offset + member.length - 8}) {
    const std::vector<Finding> findings = check(with_flipped(offset));
    ASSERT_EQ(findings.size(), 1U) << offset;
    EXPECT_THAT(findings.front(), found("", "; but the objects in it are whole"));
    EXPECT_EQ(findings.front().meaning, "`restore --keep-going` restores all of it");
  }
}

TEST_F(DataCheckTest, NamesOfALargeFileWhatCannotBeSalvaged) {
  made_.is_stored = true;
  const TarArchive::Built built = made_.build();
  std::vector<TarArchive::Member> members;
  for (const TarArchive::Member& member : built.members)
    if (member.paths == std::vector<std::string>{"etc/big"}) members.push_back(member);
  ASSERT_GT(members.size(), 2U);
  const auto with_flipped = [&](std::uint64_t offset) {
    std::vector<std::byte> bytes = built.bytes;
    bytes[offset] ^= std::byte{1};
    return bytes;
  };

  for (const TarArchive::Member& member : members) {
    for (const std::uint64_t offset :
         {member.offset, member.offset + 16, member.offset + member.length - 8, member.offset + member.length - 4}) {
      const std::vector<Finding> findings = check(with_flipped(offset));
      ASSERT_EQ(findings.size(), 1U) << offset;
      EXPECT_THAT(findings.front(), found("", "gzip members of etc/big are damaged, but all of it is whole: "));
    }
    const std::vector<Finding> findings =
        check(with_flipped(member.offset + std::min<std::uint64_t>(member.length / 2, 40)));
    ASSERT_EQ(findings.size(), 1U) << member.offset;
    EXPECT_THAT(findings.front(), found("etc/big", "from byte"));
  }
}

TEST_F(DataCheckTest, FindsContentThatIsNotWhatTheIndexSays) {
  // The lines are made of what is said here, the tars of what was there before.
  for (const char* path : {"etc/b", "etc/big", "etc/e"}) {
    const std::string before = object(path).content;
    const std::string after = noise(before.size(), 99);
    made_.change_content = [&](const std::string& of, std::string& content) {
      if (of == path) content = after;
    };
    EXPECT_THAT(check(), ElementsAre(found(path, "the digest does not match the index"))) << path;
  }
}

TEST_F(DataCheckTest, FindsEveryThingThatTheTarSaysOtherwise) {
  const auto expect = [&](const char* path, const char* field, const std::function<void(archive::Entry&)>& change) {
    EXPECT_THAT(check_with_line(path, change), ElementsAre(found(path, field))) << path << " " << field;
  };
  for (const char* path : {"etc/b", "etc/big", "srv/a", "etc"}) {
    expect(path, "mode", [](auto& entry) { entry.mode ^= 1; });
    expect(path, "uid", [](auto& entry) { ++entry.uid; });
    expect(path, "gid", [](auto& entry) { ++entry.gid; });
    expect(path, "user", [](auto& entry) { entry.user = "x"; });
    expect(path, "group", [](auto& entry) { entry.group = "x"; });
    expect(path, "mtime", [](auto& entry) { ++entry.mtime.tv_nsec; });
    expect(path, "attributes", [](auto& entry) { entry.attributes = {{"user.note", "x"}}; });
  }
  expect("etc/b", "size", [](auto& entry) { ++entry.size; });
  expect("etc/big", "bytes in the tar", [](auto& entry) { ++entry.size; });
  expect("srv/a", "target", [](auto& entry) { entry.target = "c"; });
  expect("etc/c", "target", [](auto& entry) { entry.target = "etc/b"; });
  expect("srv/a", "type", [](auto& entry) { entry.type = archive::EntryType::Fifo; });
  expect("etc/e", "holes", [](auto& entry) { entry.sparse = false; });
}

TEST_F(DataCheckTest, FindsEntriesThatNoLineIsAbout) {
  made_.is_listed = [](const std::string& path) { return path != "etc/a" && path != "srv/large"; };

  EXPECT_THAT(check(), testing::UnorderedElementsAre(found("etc/a", "no line of the index"),
                                                     found("etc/c", "what it is a hard link to, /etc/a, is damaged"),
                                                     found("", "no line of the index is about the gzip member"),
                                                     found("", "no line of the index is about the gzip member"),
                                                     found("", "no line of the index is about the gzip member")));
}

TEST_F(DataCheckTest, FindsLinesThatNoEntryIsAt) {
  made_.change_line = [](archive::Entry& entry, archive::Placement& place) {
    if (entry.path == "etc/b") place.skip += 512;
  };

  EXPECT_THAT(check(), testing::UnorderedElementsAre(found("etc/b", "no entry begins where its line says"),
                                                     found("etc/b", "it is in the tar, and no line")));
}

TEST_F(DataCheckTest, FindsATarWithoutAnEnd) {
  made_.has_end = false;

  EXPECT_THAT(check(), testing::Each(found("", "the tar does not end with two zero records")));
}

TEST_F(DataCheckTest, FindsACrcAndASizeThatAreNotThoseOfTheTar) {
  made_.change_manifest = [](archive::Manifest& manifest) { ++manifest.directories[0].tar_bytes; };
  EXPECT_THAT(check(), ElementsAre(found("", "its tar has ")));

  made_.change_manifest = [](archive::Manifest&) {};
  std::vector<std::byte> bytes = made_.build().bytes;
  const std::string name = "etc.tar.gz";
  const auto name_bytes = std::as_bytes(std::span(name));
  const auto record = std::find_end(bytes.begin(), bytes.end(), name_bytes.begin(), name_bytes.end()) - 46;
  *(record + 16) ^= std::byte{1};
  EXPECT_THAT(check(bytes), ElementsAre(found("", "its CRC does not match")));
}

TEST_F(DataCheckTest, GoesOnBesideABlockOfTheIndexThatIsDamaged) {
  made_.directories["/lib"] = {TarArchive::symlink("lib", "usr/lib"), TarArchive::directory("usr/lib"),
                               TarArchive::file("usr/lib/so", noise(9'000, 7))};
  const TarArchive::Built built = made_.build();
  std::vector<std::byte> bytes = built.bytes;
  bytes[built.manifest.index.offset + 30] ^= std::byte{1};  // The block with /etc and /lib.

  EXPECT_THAT(check(bytes), IsEmpty());
  const auto member = std::find_if(built.members.begin(), built.members.end(), [](const auto& candidate) {
    return !candidate.paths.empty() && candidate.paths.front() == "etc/big";
  });
  bytes[member->offset + 100] ^= std::byte{1};
  EXPECT_THAT(check(bytes), ElementsAre(found("", "the gzip member at byte")));
}

TEST_F(DataCheckTest, KnowsThatLinesAreMissingInTheMiddleOfADirectory) {
  made_.directories.clear();
  for (unsigned i = 0; i < 700; ++i)
    made_.directories["/etc"].push_back(
        TarArchive::file(fmt::format("etc/{:03}", i), noise(i % 50 == 7 ? 5'000 : 10, i)));
  const TarArchive::Built built = made_.build();
  ASSERT_GE(built.manifest.blocks.summary.lines, 3U);
  std::vector<std::byte> bytes = built.bytes;
  bytes[built.manifest.index.offset + built.manifest.index.summary.length / 2] ^= std::byte{1};

  EXPECT_THAT(check(bytes), IsEmpty());
}

TEST_F(DataCheckTest, SearchesWithoutAnIndex) {
  const TarArchive::Built built = made_.build();
  for (const std::uint64_t byte : {built.manifest.blocks.offset + 30, built.bytes.size() - 22}) {
    std::vector<std::byte> bytes = built.bytes;
    bytes[byte] ^= std::byte{1};
    EXPECT_THAT(check(bytes), IsEmpty());
    EXPECT_FALSE(checked_.is_compared);
    bytes[built.members[1].offset + 100] ^= std::byte{1};
    EXPECT_THAT(check(bytes), ElementsAre(found("", "bytes of the archive from byte")));
  }
}

TEST_F(DataCheckTest, ReadsAShareAtRandom) {
  made_.directories.clear();
  for (unsigned i = 0; i < 300; ++i)
    made_.directories["/etc"].push_back(TarArchive::file(fmt::format("etc/{:03}", i), noise(2'000, i)));
  const std::vector<std::byte> bytes = made_.build().bytes;

  for (seed_ = 1; seed_ <= 5; ++seed_) {
    EXPECT_THAT(check(bytes, 0.1), IsEmpty());
    EXPECT_NEAR(static_cast<double>(checked_.bytes), static_cast<double>(bytes.size()) * 0.1,
                static_cast<double>(bytes.size()) * 0.03);
  }
}

TEST_F(DataCheckTest, FindsDamageInAShareAsOftenAsItIsRead) {
  made_.directories.clear();
  for (unsigned i = 0; i < 50; ++i)
    made_.directories["/etc"].push_back(TarArchive::file(fmt::format("etc/{:03}", i), noise(2'000, i)));
  const TarArchive::Built built = made_.build();
  std::vector<std::byte> bytes = built.bytes;
  bytes[built.members[20].offset + 100] ^= std::byte{1};
  int times = 0;

  for (seed_ = 1; seed_ <= 100; ++seed_) times += check(bytes, 0.5).empty() ? 0 : 1;

  EXPECT_NEAR(times, 50, 20);
}

TEST_F(DataCheckTest, EndsWhenItIsStopped) {
  const auto object = std::make_shared<MemoryRange>(made_.build().bytes);
  FindingLog log([](const Finding&) {});
  OpenedArchive opened = check_structure(object, {.findings = log, .progress = progress_, .stop = {}});
  std::stop_source stop;
  stop.request_stop();

  EXPECT_THAT(
      [&] { check_data(object, opened, {}, {.findings = log, .progress = progress_, .stop = stop.get_token()}); },
      test::fails_with(ErrorKind::Cancelled, "stopped"));
}

/// Archives made with the host's tar and zip.
class SequentialDataCheckTest : public testing::Test {
 protected:
  /// What is found, each with its zip entry, in the archive a.zip that the script makes.
  std::vector<std::string> found_in(const std::string& script) {
    test::output_of(
        {.text = "mkdir etc && seq 1000 > etc/a && seq 2000 > etc/b && " + script, .directory = folder_.path()});
    const auto object = std::make_shared<system::FileRange>(folder_.path() / "a.zip");
    RestoreProgress progress;
    std::vector<std::string> found;
    FindingLog log([&](const Finding& finding) { found.push_back(finding.entry + ": " + finding.problem); });
    const CheckContext context{
        .findings = log, .progress = progress, .stop = {}, .on_note = [&](const std::string& text) {
          notes_.push_back(text);
        }};
    OpenedArchive opened = check_structure(object, context);
    check_data(object, opened, {}, context);
    return found;
  }

  std::vector<std::string> notes_;

 private:
  test::TemporaryFolder folder_;
};

TEST_F(SequentialDataCheckTest, FindsNothingInGoodTars) {
  EXPECT_THAT(found_in("tar -czf 1.tgz etc/a && tar -cf 2.tar etc/b && zip -q a.zip 1.tgz 2.tar"), IsEmpty());
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(SequentialDataCheckTest, NamesTheTarAndGoesOnWithTheNext) {
  EXPECT_THAT(found_in("echo > 1.tgz && echo > 2.tgz && tar -czf 3.tgz etc && zip -q0 a.zip 1.tgz 2.tgz 3.tgz"),
              ElementsAre(testing::StartsWith("1.tgz: the entry at byte 0 "),
                          testing::StartsWith("2.tgz: the entry at byte 0 ")));
}

TEST_F(SequentialDataCheckTest, SaysThatATarMayBeCutOff) {
  EXPECT_THAT(found_in("tar -cf 1.tar etc/a && truncate -s 4608 1.tar && zip -q a.zip 1.tar"), IsEmpty());
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("1.tar ends without the records that end a tar: it may be cut off")));
}

TEST_F(SequentialDataCheckTest, ReadsWhatIsNoTarToo) {
  EXPECT_THAT(found_in("tar -cJf 1.tar.xz etc && zip -q0 a.zip 1.tar.xz &&"
                       " printf x | dd of=a.zip bs=1 seek=200 conv=notrunc status=none"),
              ElementsAre(HasSubstr("1.tar.xz: ")));
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("is no tar")));
}

}  // namespace
}  // namespace osbackup::restore
