#include "restore/snapshots.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/error.hpp"
#include "storage/memory_destination.hpp"
#include "support/fails_with.hpp"

namespace osbackup::restore {
namespace {

using test::fails_with;
using testing::AllOf;
using testing::ElementsAre;
using testing::IsEmpty;

class SnapshotsTest : public testing::Test {
 protected:
  void put(const std::string& name) {
    const auto upload = destination_.begin("x.part");
    upload->append(std::as_bytes(std::span(name)));
    upload->stored();
    upload->commit(name);
  }

  std::vector<std::string> names(const std::optional<std::string>& hostname) {
    std::vector<std::string> names;
    for (const Snapshot& snapshot : list_snapshots(destination_, hostname)) names.push_back(snapshot.object.name);
    return names;
  }
  std::string found(const std::string& text, const std::string& hostname = "web-1") {
    return find_snapshot(destination_, text, hostname).object.name;
  }
  auto refusing(const std::string& text, const std::string& hostname = "web-1") {
    return [this, text, hostname] { find_snapshot(destination_, text, hostname); };
  }

  storage::MemoryDestination destination_;
};

constexpr const char* kMarch = "web-1+192.0.2.7+20260301T021500Z.zip";
constexpr const char* kMarchLater = "web-1+192.0.2.7+20260301T030000Z.zip";
constexpr const char* kFebruary = "web-1+192.0.2.9+20260222T021500Z.zip";
constexpr const char* kOtherHost = "db+192.0.2.8+20260401T000000Z.zip";

TEST_F(SnapshotsTest, AreListedFromTheOldestOn) {
  for (const char* name : {kMarchLater, kMarch, kFebruary, kOtherHost}) put(name);

  EXPECT_THAT(names("web-1"), ElementsAre(kFebruary, kMarch, kMarchLater));
  EXPECT_THAT(names(std::nullopt), ElementsAre(kFebruary, kMarch, kMarchLater, kOtherHost));
  EXPECT_THAT(names("web"), IsEmpty());
  EXPECT_EQ(list_snapshots(destination_, "db").front().object.bytes, std::string(kOtherHost).size());
}

TEST_F(SnapshotsTest, AreWhatHasAnArchivesNameAlone) {
  put(kMarch);
  for (const char* name : {"web-1+192.0.2.7+20260301T021500Z.zip.0a1b2c3d.part", "web-1+a.zip", "notes.txt",
                           "web-1+192.0.2.7+20261301T021500Z.zip"})
    put(name);

  EXPECT_THAT(names(std::nullopt), ElementsAre(kMarch));
}

TEST_F(SnapshotsTest, OfAHostWhoseNameHasToBeEncodedAreFoundByTheNameItself) {
  put("web%201+192.0.2.7+20260301T021500Z.zip");

  EXPECT_EQ(found("latest", "web 1"), "web%201+192.0.2.7+20260301T021500Z.zip");
}

TEST_F(SnapshotsTest, AreFoundByNameWhateverTheHost) {
  for (const char* name : {kMarch, kOtherHost}) put(name);

  EXPECT_EQ(found(kOtherHost), kOtherHost);
}

TEST_F(SnapshotsTest, AreFoundByTheBeginOfTheirTimeAmongThoseOfTheHost) {
  for (const char* name : {kFebruary, kMarch, kMarchLater, kOtherHost}) put(name);

  EXPECT_EQ(found("202602"), kFebruary);
  EXPECT_EQ(found("20260301T02"), kMarch);
  EXPECT_EQ(found("20260301T030000Z"), kMarchLater);
  EXPECT_EQ(found("2", "db"), kOtherHost);
}

TEST_F(SnapshotsTest, LatestIsTheNewestOfTheHost) {
  for (const char* name : {kMarchLater, kFebruary, kOtherHost}) put(name);

  EXPECT_EQ(found("latest"), kMarchLater);
}

TEST_F(SnapshotsTest, ThatAreNotThereGiveTheNamesOfThoseThatAre) {
  for (const char* name : {kFebruary, kMarch, kOtherHost}) put(name);

  const std::string there = std::string(kMarch) + ", " + kFebruary;
  EXPECT_THAT(refusing("2025"),
              fails_with(ErrorKind::NotFound, "there is no archive of web-1 from 2025; there are " + there));
  EXPECT_THAT(refusing(kMarchLater), fails_with(ErrorKind::NotFound, std::string("there is no archive ") + kMarchLater +
                                                                         "; of this host there are " + there));
}

TEST_F(SnapshotsTest, OfAHostThatHasNoneGiveTheHostsThatHave) {
  for (const char* name : {kMarch, kOtherHost}) put(name);

  for (const char* text : {"latest", "2026", "mail+192.0.2.7+20260301T021500Z.zip"})
    EXPECT_THAT(refusing(text, "mail"),
                fails_with(ErrorKind::NotFound,
                           "there is no archive of the host mail; there are archives of the hosts "
                           "db, web-1: name one with --host"))
        << text;
}

TEST_F(SnapshotsTest, OfAnEmptyDestinationAreNotFound) {
  EXPECT_THAT([&] { require_snapshots(destination_, std::nullopt); },
              fails_with(ErrorKind::NotFound, "there is no archive: the destination is empty"));
  EXPECT_THAT(refusing("latest"), fails_with(ErrorKind::NotFound, "there is no archive: the destination is empty"));
}

TEST_F(SnapshotsTest, ThatTheTextDoesNotTellApartAreNamed) {
  for (const char* name : {kFebruary, kMarch, kMarchLater}) put(name);

  EXPECT_THAT(refusing("20260301"),
              fails_with(ErrorKind::Usage, std::string("\"20260301\" may be each of ") + kMarchLater + ", " + kMarch +
                                               ": write more of the time, or the whole name"));
}

TEST_F(SnapshotsTest, AreNamedUpToALimit) {
  for (int day = 10; day < 25; ++day) put(fmt::format("web-1+192.0.2.7+202601{}T000000Z.zip", day));

  EXPECT_THAT(refusing("202601"), fails_with(ErrorKind::Usage, "20260115T000000Z.zip and 5 more: "));
}

TEST_F(SnapshotsTest, AreNotMeantByOtherTexts) {
  put(kMarch);

  for (const char* text : {"", "newest", "2026-03-01", "20260301T021500Zz", "web-1", "20260301T021500Z.zip"})
    EXPECT_THAT(refusing(text), fails_with(ErrorKind::Usage, "is no snapshot: write an archive's name")) << text;
}

TEST_F(SnapshotsTest, HaveToBeRenamedWhenTheyWereNamedByHand) {
  EXPECT_THAT(refusing("backup.zip"), fails_with(ErrorKind::Usage, "has to be renamed at the destination"));
}

}  // namespace
}  // namespace osbackup::restore
