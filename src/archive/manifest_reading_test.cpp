#include <gmock/gmock.h>

#include "archive/manifest.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "core/time_format.hpp"
#include "support/fails_with.hpp"
#include "support/project_file.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

const std::string kDigest(64, 'a');

ManifestDirectory directory(const std::string& path, const std::string& entry) {
  return {.path = path,
          .entry = entry,
          .place = {.offset = 60, .length = 1000},
          .tar_bytes = 9000,
          .files = 3,
          .directories = 2,
          .others = 1,
          .content_bytes = 7000};
}

Manifest manifest() {
  return {.run_id = "0a1b2c3d-0000-4000-8000-000000000000",
          .machine_id = kDigest,
          .hostname = "web-1",
          .ip = "192.0.2.7",
          .started = *parse_rfc3339("2026-11-23T09:30:00Z"),
          .finished = *parse_rfc3339("2026-11-23T09:31:00Z"),
          .directories = {directory("/", "%2F.tar.gz"), directory("/a\u0085b", "a\u0085b.tar.gz"),
                          directory("/srv/\xff", "srv/%FF.tar.gz")},
          .index = {.offset = 1100, .summary = {.length = 10, .lines = 6, .sha256 = {}}},
          .blocks = {.offset = 1200, .summary = {.length = 11, .lines = 1, .sha256 = {}}},
          .warnings = {.offset = ~std::uint64_t{0}, .summary = {.length = 12, .lines = 0, .sha256 = {}}}};
}

json::Object object() { return json::parse(to_json_text(manifest())).as_object(); }

void expect_refused(const json::Object& changed, ErrorKind kind, const std::string& message) {
  EXPECT_THAT([&] { parse_manifest(json::serialize(changed)); }, fails_with(kind, message)) << message;
}

json::Object with(json::Object changed, std::string_view key, const json::Value& value) {
  changed[key] = value;
  return changed;
}

json::Object with_in_directory(std::string_view key, const json::Value& value) {
  json::Object changed = object();
  changed["directories"].as_array()[2].as_object()[key] = value;
  return changed;
}

TEST(ManifestReading, GivesWhatWasWritten) {
  const Manifest read = parse_manifest(to_json_text(manifest()));

  EXPECT_EQ(to_json_text(read), to_json_text(manifest()));
  EXPECT_EQ(read.directories[2].path, "/srv/\xff");
  EXPECT_EQ(read.started, manifest().started);
}

TEST(ManifestReading, IgnoresKeysThatItDoesNotKnow) {
  EXPECT_EQ(to_json_text(parse_manifest(json::serialize(with(object(), "later", 7)))), to_json_text(manifest()));
}

TEST(ManifestReading, SaysWhenANewerOsbackupMadeTheArchive) {
  expect_refused(with(object(), "format", 2), ErrorKind::Usage, "made by a newer osbackup: its format is 2");
  expect_refused(with(object(), "requires", json::Array{"incremental", "x\ny"}), ErrorKind::Usage,
                 "made by a newer osbackup: to read it takes what this program does not know (incremental, x\\ny)");
  // Whatever else it may have changed.
  expect_refused({{"format", 2}}, ErrorKind::Usage, "newer osbackup");
  expect_refused(with(object(), "requires", json::Array{""}), ErrorKind::Usage, "newer osbackup");
}

TEST(ManifestReading, RefusesAFormatThatIsNone) {
  for (const json::Value& format : {json::Value(0), json::Value(-1), json::Value("1"), json::Value(nullptr)})
    expect_refused(with(object(), "format", format), ErrorKind::Corrupt, "format is not");
  expect_refused(with(object(), "requires", "incremental"), ErrorKind::Corrupt, "requires is not a list");
  expect_refused(with(object(), "requires", json::Array{7}), ErrorKind::Corrupt, "requires is not a list of text");
}

TEST(ManifestReading, NeedsItsKeys) {
  for (const char* key : {"format", "requires", "run_id", "machine_id", "hostname", "ip", "started", "finished",
                          "directories", "index", "blocks", "warnings"}) {
    json::Object changed = object();
    changed.erase(key);
    expect_refused(changed, ErrorKind::Corrupt, std::string(key) + " is missing");
  }
  for (const char* key :
       {"path_b64", "entry", "offset", "length", "tar_bytes", "files", "directories", "others", "content_bytes"}) {
    json::Object changed = object();
    changed["directories"].as_array()[2].as_object().erase(key);
    expect_refused(changed, ErrorKind::Corrupt, "directory 2: ");
  }
  for (const char* key : {"offset", "length", "lines", "sha256"}) {
    json::Object changed = object();
    changed["blocks"].as_object().erase(key);
    expect_refused(changed, ErrorKind::Corrupt, std::string("blocks: ") + key + " is missing");
  }
}

TEST(ManifestReading, RefusesValuesThatAreNotWhatTheFormatSays) {
  expect_refused(with(object(), "started", "yesterday"), ErrorKind::Corrupt, "started");
  expect_refused(with(object(), "hostname", "\u001b[2J"), ErrorKind::Corrupt, "hostname");
  expect_refused(with(object(), "directories", json::Object{}), ErrorKind::Corrupt, "directories is not a list");
  expect_refused(with(object(), "directories", json::Array{7}), ErrorKind::Corrupt, "directories is not a list of");
  expect_refused(with(object(), "index", 7), ErrorKind::Corrupt, "index is not an object");
  expect_refused(with_in_directory("entry", "etc.tar.gz"), ErrorKind::Corrupt, "directory 2: entry is not the name");
  expect_refused(with_in_directory("offset", -1), ErrorKind::Corrupt, "directory 2: offset");
  for (const char* path : {"L2V0Yy8=", "ZXRj", "Ly4=", "L2EvLi4=", "Ly8="})  // /etc/ etc /. /a/.. //
    expect_refused(with_in_directory("path_b64", path), ErrorKind::Corrupt, "path is not absolute and normalised");
}

TEST(ManifestReading, RefusesMoreThanAManifestMayTake) {
  const std::string text = to_json_text(manifest());
  EXPECT_NO_THROW(parse_manifest(text + std::string(kManifestBytesMax - text.size(), ' ')));
  EXPECT_THAT([&] { parse_manifest(text + std::string(kManifestBytesMax - text.size() + 1, ' ')); },
              fails_with(ErrorKind::Corrupt, "a manifest has at most 32768"));
}

TEST(ManifestReading, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/manifest");
  EXPECT_GE(corpus.size(), 5U);
  int read = 0;
  for (const std::string& text : corpus) {
    try {
      parse_manifest(text);
      ++read;
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::Corrupt || error.kind() == ErrorKind::Usage) << error.what();
    }
  }
  EXPECT_GE(read, 3);
}

}  // namespace
}  // namespace osbackup::archive
