#include "archive/index_entry.hpp"

#include <gmock/gmock.h>

#include "core/json.hpp"
#include "support/fails_with.hpp"
#include "support/project_file.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

const std::string kDigest(64, 'a');

json::Object passwd() {
  return json::parse(
             R"({"path":"etc/passwd","type":"file","mode":"4644","uid":1,"gid":2,"user":"root","group":"wheel",)"
             R"("size":1877,"mtime":"1700000000.123456789","ctime":"-1.500000000","dev":2049,"inode":1234,)"
             R"("nlink":3,"flags":"ai","xattrs_sha256":")" +
             kDigest + R"(","holes":true,"sha256":")" + kDigest +
             R"(","changed":true,"dir":4,"member":81920,"skip":5120,"span":40213})")
      .as_object();
}

/// The same as another type, which has none of what a file has.
json::Object object_of(const std::string& type) {
  json::Object object = passwd();
  for (const char* key : {"size", "holes", "changed", "sha256"}) object.erase(key);
  object["type"] = type;
  return object;
}

json::Object hard_link() {
  json::Object object = object_of("hardlink");
  object["size"] = 1877;
  object["target"] = "etc/first";
  return object;
}

IndexEntry parsed(const json::Object& object) { return parse_index_line(json::serialize(object)); }

json::Object with(json::Object object, std::string_view key, const json::Value& value) {
  object[key] = value;
  return object;
}

json::Object without(json::Object object, std::string_view key) {
  object.erase(key);
  return object;
}

void expect_refused(const json::Object& object, const std::string& message) {
  EXPECT_THAT([&] { parsed(object); }, fails_with(ErrorKind::Corrupt, message)) << json::serialize(object);
}

TEST(IndexEntry, HasAllThatALineSays) {
  const IndexEntry line = parsed(passwd());

  EXPECT_EQ(line.entry.path, "etc/passwd");
  EXPECT_EQ(line.entry.type, EntryType::File);
  EXPECT_EQ(line.entry.mode, 04644U);
  EXPECT_EQ(line.entry.uid, 1U);
  EXPECT_EQ(line.entry.gid, 2U);
  EXPECT_EQ(line.entry.user, "root");
  EXPECT_EQ(line.entry.group, "wheel");
  EXPECT_EQ(line.entry.size, 1877U);
  EXPECT_EQ(line.entry.device, 2049U);
  EXPECT_EQ(line.entry.inode, 1234U);
  EXPECT_EQ(line.entry.links, 3U);
  EXPECT_EQ(line.entry.flags, "ai");
  EXPECT_EQ(crypto::to_hex(line.digest.value()), kDigest);
  EXPECT_EQ(crypto::to_hex(line.attributes_digest.value()), kDigest);
  EXPECT_TRUE(line.has_holes && line.changed);
  EXPECT_EQ(line.placement.directory, 4U);
  EXPECT_EQ(line.placement.member, 81'920U);
  EXPECT_EQ(line.placement.skip, 5'120U);
  EXPECT_EQ(line.placement.span, 40'213U);
}

TEST(IndexEntry, CountsNanosecondsUpFromTheSecondBefore) {
  const IndexEntry line = parsed(passwd());

  EXPECT_EQ(line.entry.mtime.tv_sec, 1'700'000'000);
  EXPECT_EQ(line.entry.mtime.tv_nsec, 123'456'789);
  EXPECT_EQ(line.entry.ctime.tv_sec, -2);
  EXPECT_EQ(line.entry.ctime.tv_nsec, 500'000'000);
  EXPECT_EQ(parsed(with(passwd(), "mtime", "-0.000000001")).entry.mtime.tv_sec, -1);
}

TEST(IndexEntry, IsWrittenAgainAsItWasRead) {
  const json::Object symlink = with(object_of("symlink"), "target", "../x");
  for (const json::Object& object : {passwd(), hard_link(), object_of("dir"), symlink}) {
    const std::string line = index_line(parsed(object));

    EXPECT_EQ(json::parse(line), object);
    EXPECT_TRUE(line.ends_with("}\n"));
  }
}

TEST(IndexEntry, KnowsWhatEachTypeHas) {
  EXPECT_EQ(parsed(object_of("dir")).entry.type, EntryType::Directory);
  EXPECT_EQ(parsed(object_of("fifo")).entry.type, EntryType::Fifo);
  EXPECT_EQ(parsed(with(object_of("symlink"), "target", "../\u0001x")).entry.target, "../\u0001x");
  EXPECT_EQ(parsed(hard_link()).entry.target, "etc/first");
  EXPECT_EQ(parsed(hard_link()).digest, std::nullopt);
  EXPECT_TRUE(parsed(with(hard_link(), "sha256", passwd()["sha256"])).digest);
  for (const char* type : {"char", "block"}) {
    const IndexEntry line = parsed(with(object_of(type), "rdev", "8:4294967295"));
    EXPECT_EQ(line.entry.device_major, 8U);
    EXPECT_EQ(line.entry.device_minor, 4'294'967'295U);
  }
}

TEST(IndexEntry, TakesBytesThatAreNotUtf8AsBase64) {
  const json::Object object = with(without(passwd(), "path"), "path_b64", "ZXRjL/8=");

  EXPECT_EQ(parsed(object).entry.path, "etc/\xff");
  expect_refused(with(object, "path", "etc"), "path is not there once");
}

TEST(IndexEntry, IgnoresKeysThatItDoesNotKnow) {
  EXPECT_EQ(parsed(with(passwd(), "later", json::Array{1, 2})).entry.path, "etc/passwd");
}

TEST(IndexEntry, NeedsItsKeys) {
  for (const char* key : {"path", "type", "mode", "uid", "gid", "size", "mtime", "ctime", "dev", "inode", "nlink",
                          "sha256", "dir", "member", "skip", "span"})
    expect_refused(without(passwd(), key), std::string(key) + " is missing");
  for (const char* key : {"user", "group", "flags", "xattrs_sha256", "holes", "changed"})
    EXPECT_NO_THROW(parsed(without(passwd(), key))) << key;
  expect_refused(object_of("symlink"), "target is missing");
  expect_refused(object_of("char"), "rdev is missing");
  expect_refused(without(hard_link(), "size"), "size is missing");
  expect_refused(without(hard_link(), "target"), "target is missing");
}

TEST(IndexEntry, HasNoKeysOfOtherTypes) {
  const json::Object others = {{"size", 0},         {"target", "a"}, {"target_b64", "/w=="}, {"rdev", "1:1"},
                               {"sha256", kDigest}, {"holes", true}, {"changed", true}};
  for (const auto& member : others)
    expect_refused(with(object_of("dir"), member.key(), member.value()), "is not known for this type");
}

TEST(IndexEntry, RefusesValuesThatAreNotWhatTheFormatSays) {
  const json::Object wrong = {
      {"path", json::Array{"", "/etc", "etc/", "a/../b", "..", "a//b", std::string("a\0b", 3), 7, nullptr}},
      {"type", json::Array{"socket", "", 7}},
      {"mode", json::Array{"644", "00644", "8644", "-644", "+644", " 644", "0x44", 420}},
      {"uid", json::Array{-1, 4'294'967'296, "0", 0.5}},
      {"gid", json::Array{-1, 4'294'967'296}},
      {"user", json::Array{"", 7}},
      {"size", json::Array{-1, 9'223'372'036'854'775'808U, "1"}},
      {"mtime", json::Array{"", "1", "1.", "1.5", "1.0000000000", ".000000000", "01.000000000", "+1.000000000",
                            "-.000000000", "-0.000000000", "1.00000000x", "1.-00000000",
                            "9223372036854775808.000000000", "-9223372036854775808.500000000", "1e3.000000000", 1}},
      {"dev", json::Array{-1, "1"}},
      {"flags", json::Array{"a i", "ä", "\n"}},
      {"xattrs_sha256", json::Array{"", 7}},
      {"sha256", json::Array{"", kDigest + "a"}},
      {"holes", json::Array{false, nullptr}},
      {"dir", json::Array{-1}},
      {"member", json::Array{-1}},
      {"skip", json::Array{1, 511, 1'048'576, -512}},
      {"span", json::Array{-1, "1"}}};
  for (const auto& member : wrong)
    for (const json::Value& value : member.value().as_array())
      expect_refused(with(passwd(), member.key(), value), member.key());
  for (const char* device : {"", "1", "1:", ":1", "1:2:3", "01:1", "4294967296:0", "-1:0"})
    expect_refused(with(object_of("block"), "rdev", device), "rdev");
  for (const char* target : {"etc/passwd", "../first", "/etc/first", ""})
    expect_refused(with(hard_link(), "target", target), "target");
}

TEST(IndexEntry, RefusesWhatIsNoObjectOfJson) {
  for (const char* text : {"", "[]", "7", "{", "{}x", "{\"path\":\"\xff\"}"})
    EXPECT_THAT([&] { parse_index_line(text); }, fails_with(ErrorKind::Corrupt, "")) << text;
}

TEST(IndexEntry, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/index_line");
  EXPECT_GE(corpus.size(), 8U);
  int read = 0;
  for (const std::string& text : corpus) {
    try {
      parse_index_line(text);
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    }
  }
  EXPECT_GE(read, 8);
}

}  // namespace
}  // namespace osbackup::archive
