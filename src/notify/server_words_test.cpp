#include "notify/server_words.hpp"

#include <gmock/gmock.h>

#include "core/json.hpp"
#include "support/fails_with.hpp"
#include "support/project_file.hpp"

namespace osbackup::notify {
namespace {

using test::fails_with;

constexpr std::string_view kArchive = "web1+192.0.2.7+20261123T093000Z.zip";

json::Object backup() {
  return {{"backupfilename", kArchive},
          {"hostname", "web1"},
          {"user", "agent"},
          {"received_at", "2026-11-23T10:00:00Z"},
          {"sha256", std::string(64, 'A')},
          {"manifest_sha256", std::string(64, 'b')}};
}

json::Object without(std::string_view name) {
  json::Object fields = backup();
  fields.erase(name);
  return fields;
}

json::Object with(std::string_view name, const json::Value& value) {
  json::Object fields = backup();
  fields[name] = value;
  return fields;
}

json::Object with(std::string_view name, const std::string& text) {
  return with(name, json::Value(std::string_view(text)));
}

json::Object with(std::string_view name, const char* text) { return with(name, json::Value(text)); }

ServerWords parse(const json::Array& backups, bool more = false) {
  return parse_server_words(json::serialize(json::Object{{"backups", backups}, {"more", more}}), kArchive);
}

auto refusing(const json::Value& second) {
  return [second] { parse({backup(), second}); };
}

TEST(ServerWords, ReadsWhatTheServerKnows) {
  const ServerWords known = parse({backup(), without("sha256")});
  ASSERT_EQ(known.words.size(), 2U);
  EXPECT_EQ(known.words[0], (ServerWord{.user = "agent",
                                        .hostname = "web1",
                                        .received_at = "2026-11-23T10:00:00Z",
                                        .sha256 = std::string(64, 'a'),
                                        .manifest_sha256 = std::string(64, 'b')}));
  EXPECT_EQ(known.words[1].sha256, std::nullopt);
  EXPECT_FALSE(known.more);
}

TEST(ServerWords, NoReportIsNoWord) { EXPECT_TRUE(parse({}).words.empty()); }

TEST(ServerWords, TellsThatThereAreMore) { EXPECT_TRUE(parse({backup()}, true).more); }

TEST(ServerWords, IgnoresFieldsThatNobodyAsksFor) {
  EXPECT_EQ(parse({with("colour", json::Array{1, 2})}).words, parse({backup()}).words);
  EXPECT_EQ(parse_server_words("{\"next\": 1, \"more\": false, \"backups\": []}", kArchive).words.size(), 0U);
}

TEST(ServerWords, RefusesAnAnswerOfAnotherForm) {
  for (const char* text :
       {"[]", "null", "1", "{}", "{\"backups\":[]}", "{\"more\":false}", "{\"backups\":{},\"more\":false}",
        "{\"backups\":[],\"more\":0}", "{\"backups\":[],\"more\":null}"})
    EXPECT_THAT([text] { parse_server_words(text, kArchive); },
                fails_with(ErrorKind::Corrupt, "the list backups and the boolean more"))
        << text;
}

TEST(ServerWords, RefusesWhatIsNoJson) {
  for (const std::string& text : {std::string(), std::string("<html>"), std::string("{\"backups\":[]"),
                                  std::string("{\"backups\":[],\"more\":false}x"), std::string(4000, '[')})
    EXPECT_THAT([&text] { parse_server_words(text, kArchive); }, fails_with(ErrorKind::Corrupt, "not JSON")) << text;
}

TEST(ServerWords, RefusesAReportOfAnotherArchive) {
  EXPECT_THAT(
      refusing(with("backupfilename", "b.zip")),
      fails_with(ErrorKind::Corrupt, "report 2 of the answer: backupfilename must be the archive that was asked for"));
}

TEST(ServerWords, EachReportSaysWhoseItIsAndWhenItCame) {
  for (const char* name : {"backupfilename", "hostname", "user", "received_at"})
    EXPECT_THAT(refusing(without(name)),
                fails_with(ErrorKind::Corrupt, "report 2 of the answer: " + std::string(name) + " is missing"));
}

TEST(ServerWords, RefusesFieldsThatNoServerSends) {
  const std::vector<std::pair<json::Value, std::string>> cases = {
      {json::Value(nullptr), "it must be an object"},
      {json::Array{}, "it must be an object"},
      {with("sha256", "abc"), "sha256 must be 64 hexadecimal digits"},
      {with("manifest_sha256", std::string(64, 'g')), "manifest_sha256 must be 64 hexadecimal digits"},
      {with("manifest_sha256", std::string(65, 'a')), "manifest_sha256 must be at most 64 bytes"},
      {with("manifest_sha256", 1), "manifest_sha256 must be text"},
      {with("received_at", "yesterday"), "received_at must be a time such as 2026-11-23T09:30:00Z"},
      {with("user", std::string(65, 'x')), "user must be at most 64 bytes"},
      {with("user", "a\x1B[2J"), "user must be one line without control characters"},
      {with("hostname", std::string(256, 'x')), "hostname must be at most 255 bytes"},
      {with("hostname", json::Array{"web1"}), "hostname must be text"}};
  for (const auto& [report, reason] : cases)
    EXPECT_THAT(refusing(report), fails_with(ErrorKind::Corrupt, "report 2 of the answer: " + reason));
}

// What the fuzzer is given to begin with, and what once broke the parser.
TEST(ServerWords, EveryFileOfTheFuzzCorpusIsReadOrRefused) {
  const std::vector<std::string> texts = test::files_in("tests/fuzz/corpus/server_words");
  int read = 0;
  for (const std::string& text : texts) {
    try {
      parse_server_words(text, kArchive);
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << text;
    }
  }
  EXPECT_GE(texts.size(), 4U);
  EXPECT_GE(read, 2);
}

}  // namespace
}  // namespace osbackup::notify
