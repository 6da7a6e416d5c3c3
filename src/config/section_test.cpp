#include "config/section.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"

namespace osbackup::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

/// Reads `lines` as the section [S] of /etc/x.conf, which begins in line 1, and gives what `read` gives.
template <class Read>
auto read_from(const std::string& lines, Read read) {
  const IniDocument document("[S]\n" + lines, "/etc/x.conf");
  Section section(document, "S");
  return read(section);
}

template <class Read>
std::string problem_of(const std::string& lines, Read read) {
  try {
    read_from(lines, read);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "none";
}

const auto kOnOff = [](Section& section) { return section.on_off("k", false); };
const auto kPort = [](Section& section) { return section.port("k", 21); };
const auto kDuration = [](Section& section) { return section.duration("k", 7s); };
const auto kPath = [](Section& section) { return section.absolute_path("k", "/fallback"); };
const auto kChoice = [](Section& section) { return section.choice("k", {"always", "failure"}); };
const auto kList = [](Section& section) { return section.list("k"); };
const auto kText = [](Section& section) { return section.text("k", "fallback"); };

TEST(Section, GivesTheFallbackForWhatIsNotThere) {
  EXPECT_FALSE(read_from("", kOnOff));
  EXPECT_EQ(read_from("", kPort), 21);
  EXPECT_EQ(read_from("", kDuration), 7s);
  EXPECT_EQ(read_from("", kPath), "/fallback");
  EXPECT_EQ(read_from("", kChoice), 0U);
  EXPECT_THAT(read_from("", kList), testing::IsEmpty());
  EXPECT_EQ(read_from("", kText), "fallback");
  EXPECT_TRUE(read_from("", [](Section& section) { return section.secret("k").empty(); }));
}

TEST(Section, ReadsSwitches) {
  for (const std::string text : {"on", "yes"}) EXPECT_TRUE(read_from("k = " + text, kOnOff));
  for (const std::string text : {"off", "no"}) EXPECT_FALSE(read_from("k = " + text, kOnOff));
  EXPECT_EQ(problem_of("k = On", kOnOff), "/etc/x.conf:2: k = On: expected on or off");
}

TEST(Section, TellsHowANoteIsWrittenAfterAValue) {
  EXPECT_EQ(problem_of("k = on  some words", kOnOff),
            "/etc/x.conf:2: k = on  some words: expected on or off (a note after a value begins with ;)");
}

TEST(Section, ReadsPorts) {
  EXPECT_EQ(read_from("k = 1", kPort), 1);
  EXPECT_EQ(read_from("k = 65535", kPort), 65535);
  for (const std::string text : {"0", "65536", "-1", "+1", "0x15", "21.0", "ftp", "99999999999999999999999"})
    EXPECT_EQ(problem_of("k = " + text, kPort),
              "/etc/x.conf:2: k = " + text + ": expected a whole number from 1 to 65535");
}

TEST(Section, ReadsTimesInFourUnits) {
  EXPECT_EQ(read_from("k = 30", kDuration), 30s);
  EXPECT_EQ(read_from("k = 30s", kDuration), 30s);
  EXPECT_EQ(read_from("k = 5 m", kDuration), 300s);
  EXPECT_EQ(read_from("k = 2h", kDuration), 2h);
  EXPECT_EQ(read_from("k = 365d", kDuration), 24h * 365);
  for (const std::string text :
       {"0", "s", "0d", "366d", "31536001", "5w", "-5s", "1.5h", "5ms", "18446744073709551615d"})
    EXPECT_EQ(problem_of("k = " + text, kDuration),
              "/etc/x.conf:2: k = " + text + ": expected a time such as 30s, 5m, 2h or 8d");
}

TEST(Section, ReadsAbsolutePathsWithoutTheirLastSlash) {
  EXPECT_EQ(read_from("k = /tmp/importantfilebackup/", kPath).native(), "/tmp/importantfilebackup");
  EXPECT_EQ(read_from("k = //a/./b/../c", kPath).native(), "/a/c");
  EXPECT_EQ(read_from("k = /with blanks/x", kPath).native(), "/with blanks/x");
  for (const std::string text : {"tmp", "./tmp", "~/tmp", "/", "//", "/..", "/tmp/.."})
    EXPECT_EQ(problem_of("k = " + text, kPath), "/etc/x.conf:2: k = " + text + ": expected an absolute path below /");
}

TEST(Section, ReadsOneOfSomeWords) {
  EXPECT_EQ(read_from("k = failure", kChoice), 1U);
  EXPECT_EQ(problem_of("k = never", kChoice), "/etc/x.conf:2: k = never: expected always or failure");
}

TEST(Section, ReadsListsBetweenCommas) {
  EXPECT_THAT(read_from("k = /etc , /home,/a b", kList), ElementsAre("/etc", "/home", "/a b"));
  for (const std::string text : {",", "/etc,", ",/etc", "/etc,,/home"})
    EXPECT_EQ(problem_of("k = " + text, kList),
              "/etc/x.conf:2: k = " + text + ": expected values separated by single commas");
}

TEST(Section, RefusesTextThatCouldNotBePrinted) {
  EXPECT_EQ(problem_of("k = a\xff", kText),
            "/etc/x.conf:2: k = a\\xff: expected text in UTF-8 without control characters");
  EXPECT_NE(problem_of("k = a\x1b[0m", kText), "none");
  EXPECT_EQ(read_from("k = sch\xc3\xb6n", kText), "sch\xc3\xb6n");
}

TEST(Section, CutsALongValueInItsMessage) {
  EXPECT_EQ(problem_of("k = " + std::string(1000, 'x'), kOnOff),
            "/etc/x.conf:2: k = " + std::string(200, 'x') + "...: expected on or off");
}

TEST(Section, RefusesAKeyThatStandsThereTwiceOrEmpty) {
  EXPECT_EQ(problem_of("k = 1\nj = 2\nk = 1", kPort), "/etc/x.conf:4: k stands in line 2 already");
  EXPECT_EQ(problem_of("k = ; note", kPort), "/etc/x.conf:2: k has no value; give one or remove the line");
  EXPECT_EQ(problem_of("k = \"\"", kText), "/etc/x.conf:2: k has no value; give one or remove the line");
}

TEST(Section, SaysWhereAKeyIsMissing) {
  const auto require = [](Section& section) { return section.require("k").text; };
  EXPECT_EQ(problem_of("j = 1", require), "/etc/x.conf:1: [S]: k is missing");
  const auto require_in_none = [](const Section&) {
    return Section(IniDocument("", "/etc/x.conf"), "T").require("k").text;
  };
  EXPECT_EQ(problem_of("", require_in_none), "/etc/x.conf: the section [T] with k = ... is missing");
}

TEST(Section, RefusesTheFirstKeyThatNobodyAskedFor) {
  const auto read = [](Section& section) {
    section.port("port", 21);
    section.text("host", "");
    section.reject_unknown_keys();
    return 0;
  };
  EXPECT_EQ(problem_of("port = 1\nprot = 2\nhots = x", read),
            "/etc/x.conf:3: [S] has no key prot; expected one of host, port");
  EXPECT_EQ(problem_of("port = 1", read), "none");
}

TEST(Section, RefusesSectionsOfOtherNames) {
  const IniDocument document("[Ftp]\n[ftp]\n", "/etc/x.conf");
  try {
    reject_unknown_sections(document, {"Ftp", "API"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "/etc/x.conf:2: there is no section [ftp]; expected one of [Ftp], [API]");
  }
}

}  // namespace
}  // namespace osbackup::config
