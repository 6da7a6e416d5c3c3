#include "archive/archive_name.hpp"

#include <gmock/gmock.h>

#include "core/time_format.hpp"

namespace osbackup::archive {
namespace {

ArchiveName monday(const std::string& hostname, const std::string& ip) {
  return {.hostname = hostname, .ip = ip, .started = *parse_rfc3339("2026-11-23T09:30:00Z")};
}

TEST(ArchiveName, IsHostnameIpAndTimestamp) {
  EXPECT_EQ(monday("web-1.example", "192.0.2.7").text(), "web-1.example+192.0.2.7+20261123T093000Z.zip");
}

TEST(ArchiveName, EncodesEverythingThatCouldBeTakenForSomethingElse) {
  EXPECT_EQ(monday("a+b/c %", "2001:db8::1").text(), "a%2Bb%2Fc%20%25+2001%3Adb8%3A%3A1+20261123T093000Z.zip");
}

TEST(ArchiveName, ReadsBackWhatItWrote) {
  const ArchiveName name = monday("a+b/c %\n\xff", "2001:db8::1");

  const auto parsed = ArchiveName::parse(name.text());

  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->hostname, name.hostname);
  EXPECT_EQ(parsed->ip, name.ip);
  EXPECT_EQ(parsed->started, name.started);
}

TEST(ArchiveName, IsNotReadFromOtherNames) {
  for (const char* other :
       {"", "a.zip", "a+b.zip", "a+b+20261123T093000Z", "a+b+20261323T093000Z.zip", "+b+20261123T093000Z.zip",
        "a++20261123T093000Z.zip", "a+b+c+20261123T093000Z.zip", "a%2+b+20261123T093000Z.zip",
        "a%41+b+20261123T093000Z.zip", "a b+c+20261123T093000Z.zip", "a+b+20261123T093000Z.zip.0a1b2c3d.part"})
    EXPECT_FALSE(ArchiveName::parse(other)) << other;
}

TEST(ArchiveName, AdvancesByASecondWhenItIsTaken) {
  EXPECT_EQ(monday("a", "b").next().text(), "a+b+20261123T093001Z.zip");
}

TEST(TemporaryName, CarriesTheRun) {
  EXPECT_EQ(temporary_name(monday("a", "b"), "0a1b2c3d-0000-4000-8000-000000000000"),
            "a+b+20261123T093000Z.zip.0a1b2c3d.part");
}

TEST(EntryName, IsThePathWithoutItsLeadingSlash) {
  EXPECT_EQ(entry_name("/etc"), "etc.tar.gz");
  EXPECT_EQ(entry_name("/var/lib/mysql"), "var/lib/mysql.tar.gz");
  EXPECT_EQ(entry_name("/"), "%2F.tar.gz");
}

TEST(EntryName, EncodesPercentControlBytesAndBytesThatAreNotUtf8) {
  EXPECT_EQ(entry_name("/a%b\n\x7f\xff"), "a%25b%0A%7F%FF.tar.gz");
  EXPECT_EQ(entry_name("/h\xc3\xa4user ' x"), "h\xc3\xa4user ' x.tar.gz");
}

}  // namespace
}  // namespace osbackup::archive
