#include "restore/sequential_entries.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "core/error.hpp"
#include "restore/extraction.hpp"
#include "support/fails_with.hpp"
#include "support/memory_sink.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

using test::fails_with;
using testing::ElementsAre;

/// Archives made with the host's tar and zip in a folder that has etc/passwd, etc/a and home/x.
class SequentialEntriesTest : public testing::Test {
 protected:
  SequentialEntriesTest() { run("mkdir -p etc home && echo root > etc/passwd && echo a > etc/a && echo x > home/x"); }

  void run(const std::string& script) const { test::output_of({.text = script, .directory = folder_.path()}); }

  /// `a.zip` as the script made it.
  archive::ArchiveReader& made_by(const std::string& script) {
    run(script);
    archive_ = std::make_unique<archive::ArchiveReader>(std::make_shared<system::FileRange>(folder_.path() / "a.zip"));
    return *archive_;
  }

  SequentialOrder order(std::vector<std::string> paths = {}) {
    return {.paths = std::move(paths), .ids = {}, .on_trouble = [this](const Trouble& trouble) {
              told_.push_back(to_line(trouble));
            }};
  }

  std::vector<std::string> paths_in(SequentialEntries& entries) {
    std::vector<std::string> paths;
    while (const auto entry = entries.next()) paths.push_back(entry->path);
    return paths;
  }
  std::vector<std::string> paths_in(const archive::ArchiveReader& archive, std::vector<std::string> wanted = {}) {
    SequentialEntries entries(archive, order(std::move(wanted)));
    return paths_in(entries);
  }

  std::vector<std::string> told_;
  test::TemporaryFolder folder_;

 private:
  std::unique_ptr<archive::ArchiveReader> archive_;
};

std::string content_of(SequentialEntries& entries) {
  std::string content(100, '\0');
  content.resize(entries.read(std::as_writable_bytes(std::span(content))));
  return content;
}

TEST_F(SequentialEntriesTest, GoesThroughTarByTar) {
  auto& archive =
      made_by("tar -czf etc.tar.gz etc && tar -czf home.tar.gz home && zip -q0 a.zip etc.tar.gz home.tar.gz");

  EXPECT_THAT(paths_in(archive), testing::UnorderedElementsAre("etc", "etc/passwd", "etc/a", "home", "home/x"));
  EXPECT_THAT(told_, ElementsAre());
}

TEST_F(SequentialEntriesTest, GivesTheContentAndTheTarOfEachEntry) {
  auto& archive = made_by("tar -czf 1.tgz etc/passwd etc/a && tar -cf 2.tar home/x && zip -q0 a.zip 1.tgz 2.tar");
  SequentialEntries entries(archive, order());

  EXPECT_EQ(entries.next()->path, "etc/passwd");
  EXPECT_EQ(content_of(entries), "root\n");
  EXPECT_EQ(entries.next()->path, "etc/a");
  EXPECT_EQ(entries.tar_name(), "1.tgz");
  EXPECT_EQ(entries.next()->path, "home/x");
  EXPECT_EQ(content_of(entries), "x\n");
  EXPECT_EQ(entries.tar_name(), "2.tar");
  EXPECT_FALSE(entries.next());
  EXPECT_FALSE(entries.next());
}

TEST_F(SequentialEntriesTest, ReadsTarsThatTheZipCompressedAgain) {
  auto& archive = made_by("seq 500000 > home/x && tar -cf home.tar home/x && zip -q9 a.zip home.tar");
  ASSERT_FALSE(archive.zip().entries()[0].is_stored());

  EXPECT_THAT(paths_in(archive), ElementsAre("home/x"));
}

TEST_F(SequentialEntriesTest, ReadsOnlyTarsThatCanHoldThePathWhereOsbackupMadeThem) {
  auto& archive = made_by(
      "mkdir osbackup && echo > osbackup/RESTORE.txt && tar -czf etc.tar.gz etc/a && echo broken > home.tar.gz && "
      "zip -q0 a.zip etc.tar.gz home.tar.gz osbackup/RESTORE.txt");

  EXPECT_THAT(paths_in(archive, {"etc/a"}), ElementsAre("etc/a"));
  EXPECT_THAT([&] { paths_in(archive, {"etc/a", "home/y"}); }, fails_with(ErrorKind::Corrupt, "home.tar.gz: "));
  EXPECT_THAT([&] { paths_in(archive, {"srv"}); }, fails_with(ErrorKind::Corrupt, "home.tar.gz: "));
  EXPECT_THAT(told_, ElementsAre());
}

TEST_F(SequentialEntriesTest, ReadsAllTarsThatSomebodyElseMade) {
  auto& archive = made_by("tar -czf etc.tar.gz home/x && tar -czf home.tar.gz etc/a && zip -q0 a.zip *.tar.gz");

  EXPECT_THAT(paths_in(archive, {"etc/a"}), ElementsAre("home/x", "etc/a"));
}

TEST_F(SequentialEntriesTest, GoesOnBehindADamagedTar) {
  auto& archive =
      made_by("tar -czf 1.tgz etc/a && truncate -s -5 1.tgz && tar -czf 2.tgz home/x && zip -q0 a.zip 1.tgz 2.tgz");
  SequentialEntries entries(archive, order());

  EXPECT_EQ(entries.next()->path, "etc/a");
  EXPECT_THAT([&] { entries.next(); }, fails_with(ErrorKind::Corrupt, "1.tgz: byte "));
  EXPECT_THAT(paths_in(entries), ElementsAre("home/x"));
}

TEST_F(SequentialEntriesTest, NoticesAContentThatIsNotWhatTheZipSays) {
  run("tar -cf 1.tar etc/passwd && zip -q0 a.zip 1.tar");
  run("python3 - <<'END'\n"
      "content = open('a.zip', 'rb').read()\n"
      "open('a.zip', 'wb').write(content.replace(b'root\\n', b'toor\\n'))\n"
      "END\n");
  auto& archive = made_by("true");
  SequentialEntries entries(archive, order());

  EXPECT_EQ(entries.next()->path, "etc/passwd");
  EXPECT_THAT([&] { entries.next(); }, fails_with(ErrorKind::Corrupt, "1.tar: the zip entry has another CRC"));
}

/// Changes bytes of `a.zip`.
constexpr const char* kChange =
    "python3 - <<'END'\n"
    "content = bytearray(open('a.zip', 'rb').read())\n"
    "for at in range(100_000, 100_100): content[at] ^= 0xFF\n"
    "open('a.zip', 'wb').write(content)\n"
    "END\n";

TEST_F(SequentialEntriesTest, SaysOfAWrongCrcBehindTheLastEntryOfItsTar) {
  run("head -c 300000 /dev/urandom > etc/a && tar -czf 1.tgz etc/a etc/passwd && tar -czf 2.tgz home/x && "
      "zip -q0 a.zip 1.tgz 2.tgz");
  auto& archive = made_by(kChange);
  SequentialEntries entries(archive, order());

  EXPECT_EQ(entries.next()->path, "etc/a");
  EXPECT_EQ(entries.next()->path, "etc/passwd");
  EXPECT_EQ(content_of(entries), "root\n");
  EXPECT_THAT([&] { entries.next(); }, fails_with(ErrorKind::Corrupt,
                                                  "1.tgz: the gzip member at byte 0 has another CRC or length than its "
                                                  "trailer says; the damage may be in anything that comes from it"));
  EXPECT_THAT(paths_in(entries), ElementsAre("home/x"));
}

TEST_F(SequentialEntriesTest, GoesOnInTheNextGzipMemberBehindAWrongCrc) {
  run("head -c 300000 /dev/urandom > etc/a && tar -cf 1.tar etc/a etc/passwd && head -c 200000 1.tar | gzip > 1.tgz && "
      "tail -c +200001 1.tar | gzip >> 1.tgz && zip -q0 a.zip 1.tgz");
  auto& archive = made_by(kChange);
  SequentialEntries entries(archive, order());

  EXPECT_EQ(entries.next()->path, "etc/a");
  EXPECT_EQ(entries.next()->path, "etc/passwd");
  EXPECT_THAT([&] { entries.next(); }, fails_with(ErrorKind::Corrupt, "1.tgz: the gzip member at byte 0 has another"));
}

TEST_F(SequentialEntriesTest, SaysWhatIsLostBehindDamageThatNothingCanBeReadBehind) {
  run("seq 200000 | sha512sum > etc/passwd && for i in $(seq 3000); do cat etc/passwd; echo $i; done | gzip -1 | "
      "base64 > etc/a && tar -c etc/passwd etc/a home/x | gzip > 1.tgz && truncate -s -200 1.tgz && zip -q0 a.zip "
      "1.tgz");
  auto& archive = made_by("true");
  const std::string lost = "what lies behind etc/a in it is lost, and the damage may be in anything that comes from it";
  SequentialEntries entries(archive, order());

  EXPECT_EQ(entries.next()->path, "etc/passwd");
  EXPECT_EQ(entries.next()->path, "etc/a");
  EXPECT_THAT([&] { entries.next(); }, fails_with(ErrorKind::Corrupt, lost));
  EXPECT_FALSE(entries.next());

  SequentialEntries others(archive, order());
  others.next();
  others.next();
  std::vector<std::byte> content(10'000'000);
  EXPECT_THAT([&] { others.read(content); }, fails_with(ErrorKind::Corrupt, "1.tgz: entry etc/a at byte"));
  EXPECT_THAT([&] { others.next(); }, fails_with(ErrorKind::Corrupt, "1.tgz: " + lost));
  EXPECT_FALSE(others.next());
}

TEST_F(SequentialEntriesTest, SaysWhatIsLostBehindAGzipMemberThatNothingIsTakenFor) {
  auto& archive = made_by(
      "tar -b1 -cf 1.tar etc/a etc/passwd && head -c 1024 1.tar | gzip > 1.tgz && size=$(stat -c %s 1.tgz) &&"
      " tail -c +1025 1.tar | gzip >> 1.tgz && zip -qX0 a.zip 1.tgz &&"
      " printf x | dd of=a.zip bs=1 seek=$((35 + size)) conv=notrunc status=none");
  SequentialEntries entries(archive, order());

  EXPECT_EQ(entries.next()->path, "etc/a");
  EXPECT_THAT([&] { entries.next(); }, fails_with(ErrorKind::Corrupt, "what lies behind etc/a in it is lost"));
  EXPECT_FALSE(entries.next());
}

TEST_F(SequentialEntriesTest, SaysThatAllOfATarIsLost) {
  auto& archive = made_by("echo none > 1.tgz && zip -q0 a.zip 1.tgz");

  EXPECT_THAT([&] { paths_in(archive); }, fails_with(ErrorKind::Corrupt, "; all that is in it is lost"));
}

TEST_F(SequentialEntriesTest, RefusesNamesThatLeadElsewhereAndNamesThem) {
  auto& archive = made_by(
      "ln etc/a etc/b && ln etc/passwd etc/c && "
      "tar -czPf 1.tgz --transform 's,^home/x,../../x,' --transform 's,etc/a$,/../y,RSh' home/x etc/a etc/b "
      "etc/passwd etc/c && zip -q0 a.zip 1.tgz");

  EXPECT_THAT(paths_in(archive), ElementsAre("etc/a", "etc/passwd", "etc/c"));
  EXPECT_THAT(told_, ElementsAre("../../x: the path is none, or leads out of the target with ..",
                                 "etc/b: it is a hard link that leads out of the target with .."));
}

TEST_F(SequentialEntriesTest, TakesAbsolutePathsWithoutTheirSlashAndSaysSoOnce) {
  auto& archive = made_by("tar -czPf 1.tgz --transform 's,^,//,' etc/passwd etc/a && zip -q0 a.zip 1.tgz");

  EXPECT_THAT(paths_in(archive), ElementsAre("etc/passwd", "etc/a"));
  EXPECT_THAT(told_, ElementsAre("1.tgz has absolute paths, which are taken without their first slash: the first is "
                                 "//etc/passwd"));
}

TEST_F(SequentialEntriesTest, PassesOverWhatIsNoTar) {
  auto& archive = made_by("tar -czf etc.tar.gz etc/a && zip -qr0 a.zip home etc.tar.gz");

  EXPECT_THAT(paths_in(archive), ElementsAre("etc/a"));
  EXPECT_THAT(told_, ElementsAre("the zip entry \"home/x\" is no tar and is passed over"));
}

TEST_F(SequentialEntriesTest, SaysThatATarMayBeCutOffAndThatSomethingFollowsIt) {
  auto& archive = made_by(
      "tar -cf 1.tar etc/a && head -c 1024 1.tar | gzip > 1.tgz && tar -czf 2.tgz etc/a && echo more >> 2.tgz && "
      "zip -q0 a.zip 1.tgz 2.tgz");

  EXPECT_THAT(paths_in(archive), ElementsAre("etc/a", "etc/a"));
  EXPECT_THAT(told_, ElementsAre("1.tgz ends without the records that end a tar: it may be cut off",
                                 "2.tgz: what follows its last gzip member is not read"));
}

TEST_F(SequentialEntriesTest, NamesTheRemedyForEntriesThatItCannotRead) {
  auto& archive = made_by("seq 100000 > home/x && tar -cf 1.tar home && zip -q -P secret a.zip 1.tar");

  EXPECT_THAT([&] { paths_in(archive); }, fails_with(ErrorKind::Usage, "is encrypted"));
}

TEST_F(SequentialEntriesTest, IsWhatAnArchiveWithoutAnIndexIsExtractedFrom) {
  auto& archive = made_by("tar -czf etc.tar.gz etc && tar -czf home.tar.gz home && zip -q0 a.zip *.tar.gz");
  TroubleLog troubles([this](const Trouble& trouble) { told_.push_back(to_line(trouble)); });
  RestoreProgress progress;
  test::MemorySink sink;

  extract(archive, {.selection = {.paths = {"etc", "srv"}, .include = {}, .exclude = {}}, .stop = {}}, sink,
          {.troubles = troubles, .progress = progress});

  EXPECT_THAT(sink.paths(), ElementsAre("etc", "etc/a", "etc/passwd"));
  EXPECT_THAT(told_, ElementsAre("srv: it is not in the archive"));
}

}  // namespace
}  // namespace osbackup::restore
