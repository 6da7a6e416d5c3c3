#include "client/check_facts.hpp"

#include <gmock/gmock.h>

namespace osbackup::client {
namespace {

using std::chrono::milliseconds;

TEST(CheckFacts, SayThatAllIsGood) {
  CheckFacts facts;
  facts.add({.name = "a.zip"});
  facts.duration = milliseconds(1'500);

  EXPECT_EQ(to_sentence(facts), "1 archive checked, all good, in 1.5 s");
}

TEST(CheckFacts, CountWhatIsDamagedAndWhatWasNotRead) {
  CheckFacts facts;
  facts.add({.name = "a.zip"});
  facts.add({.name = "b.zip", .findings = 2});
  facts.add({.name = "c.zip", .findings = 1, .is_read = false});
  facts.duration = milliseconds(1'500);

  EXPECT_EQ(to_sentence(facts), "3 archives checked, 2 damaged, 1 not read to the end, in 1.5 s");
  const json::Object summary = to_summary(facts);
  EXPECT_EQ(summary.at("damaged"), 2);
  EXPECT_EQ(summary.at("unread"), 1);
  EXPECT_EQ(summary.at("findings"), 3);
}

TEST(CheckFacts, SayWhatBecameOfAnArchive) {
  EXPECT_EQ(to_line({.name = "a.zip"}), "a.zip: ok");
  EXPECT_EQ(to_line({.name = "a.zip", .is_read = false}), "a.zip: unread");
  EXPECT_EQ(to_line({.name = "a.zip", .findings = 1, .is_read = false}),
            "a.zip: damaged, 1 finding, and could not be read to its end");
  EXPECT_EQ(to_line({.name = "a.zip", .has_index = false, .data_bytes = 2048}),
            "a.zip: ok, 2.0 KiB of data read, no digests to compare");
}

TEST(CheckFacts, GiveTheSeedOfWhatWasChosen) {
  EXPECT_FALSE(to_json(CheckedArchive{.name = "a.zip"}).contains("seed"));
  EXPECT_EQ(to_json(CheckedArchive{.name = "a.zip", .seed = 7}).at("seed"), 7);
}

TEST(CheckFacts, ShowAFindingOnOneLineAndGiveItExactly) {
  const restore::Finding finding{
      .entry = "etc.tar.gz", .path = "etc/\xff\n", .problem = "it is\nbad", .meaning = "the others are good"};

  EXPECT_EQ(to_line(finding, "a.zip"), "a.zip: etc.tar.gz: /etc/\\xff\\n: it is bad; the others are good");
  const json::Object object = to_json(finding, "a.zip");
  EXPECT_EQ(object.at("archive"), "a.zip");
  EXPECT_EQ(object.at("entry"), "etc.tar.gz");
  EXPECT_EQ(object.at("path_b64"), "L2V0Yy//Cg==");
}

TEST(CheckFacts, SayBehindALongPathWhatIsTheMatterWithIt) {
  const std::string problem = "it links to " + std::string(4096, 'x') + ", which is not before it";
  const restore::Finding finding{.entry = {}, .path = {}, .problem = problem, .meaning = {}};

  EXPECT_EQ(to_line(finding, "a.zip"), "a.zip: " + problem);
  EXPECT_EQ(to_json(finding, "a.zip").at("problem"), problem.c_str());
}

TEST(CheckFacts, LeaveOutWhatAFindingIsNotAbout) {
  const restore::Finding finding{.entry = {}, .path = {}, .problem = "cut off", .meaning = {}};

  EXPECT_EQ(to_line(finding, "a.zip"), "a.zip: cut off");
  EXPECT_FALSE(to_json(finding, "a.zip").contains("entry"));
  EXPECT_FALSE(to_json(finding, "a.zip").contains("path"));
}

}  // namespace
}  // namespace osbackup::client
