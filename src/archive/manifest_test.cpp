#include "archive/manifest.hpp"

#include <gmock/gmock.h>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/time_format.hpp"
#include "core/version.hpp"
#include "support/fails_with.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;
using testing::ElementsAre;

crypto::Sha256Digest digest_of(std::string_view text) { return crypto::sha256(std::as_bytes(std::span(text))); }

ManifestDirectory etc() {
  return {.path = "/etc",
          .entry = "etc.tar.gz",
          .place = {.offset = 60, .length = 1000},
          .tar_bytes = 9000,
          .files = 3,
          .directories = 2,
          .others = 1,
          .content_bytes = 7000};
}

Manifest manifest() {
  return {.run_id = "0a1b2c3d-0000-4000-8000-000000000000",
          .machine_id = hashed_machine_id("0123456789abcdef0123456789abcdef\n"),
          .hostname = "web-1",
          .ip = "192.0.2.7",
          .started = *parse_rfc3339("2026-11-23T09:30:00Z"),
          .finished = *parse_rfc3339("2026-11-23T09:31:00Z"),
          .directories = {etc()},
          .index = {.offset = 1100, .summary = {.length = 10, .lines = 6, .sha256 = digest_of("index")}},
          .blocks = {.offset = 1200, .summary = {.length = 11, .lines = 1, .sha256 = digest_of("blocks")}},
          .warnings = {.offset = 1300, .summary = {.length = 12, .lines = 0, .sha256 = digest_of("warnings")}}};
}

std::vector<std::string> keys_of(const json::Object& object) {
  std::vector<std::string> keys;
  for (const auto& member : object) keys.emplace_back(member.key());
  return keys;
}

TEST(Manifest, IsOneLineOfJsonWithItsKeysInOrder) {
  const std::string text = to_json_text(manifest());

  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_THAT(keys_of(json::parse(text).as_object()),
              ElementsAre("format", "requires", "tool", "run_id", "machine_id", "hostname", "ip", "started", "finished",
                          "directories", "index", "blocks", "warnings"));
}

TEST(Manifest, SaysWhatTheArchiveIs) {
  const json::Object object = json::parse(to_json_text(manifest())).as_object();

  EXPECT_EQ(object.at("format"), 1);
  EXPECT_TRUE(object.at("requires").as_array().empty());
  EXPECT_EQ(object.at("tool").as_string(), "osbackup " + std::string(version()));
  EXPECT_EQ(object.at("started").as_string(), "2026-11-23T09:30:00Z");
  EXPECT_EQ(object.at("finished").as_string(), "2026-11-23T09:31:00Z");
}

TEST(Manifest, SaysWhereEachDirectoryLies) {
  const json::Object object = json::parse(to_json_text(manifest())).as_object();

  EXPECT_EQ(json::serialize(object.at("directories")),
            R"([{"path":"/etc","entry":"etc.tar.gz","offset":60,"length":1000,"tar_bytes":9000,"files":3,)"
            R"("directories":2,"others":1,"content_bytes":7000}])");
}

TEST(Manifest, SaysWhereTheListsLieAndWhatTheirDigestsAre) {
  const json::Object object = json::parse(to_json_text(manifest())).as_object();

  EXPECT_EQ(json::serialize(object.at("index")),
            R"({"offset":1100,"length":10,"lines":6,"sha256":")" + crypto::to_hex(digest_of("index")) + "\"}");
  EXPECT_EQ(object.at("blocks").at("sha256").as_string(), crypto::to_hex(digest_of("blocks")));
  EXPECT_EQ(object.at("warnings").at("lines"), 0);
}

TEST(Manifest, GivesADirectoryThatIsNotUtf8AsBase64) {
  Manifest wanted = manifest();
  wanted.directories[0].path = "/\xff";

  const json::Object object = json::parse(to_json_text(wanted)).as_object();

  EXPECT_EQ(base64_decode(object.at("directories").at(0).at("path_b64").as_string()), "/\xff");
}

TEST(Manifest, RefusesMoreDirectoriesThanFit) {
  Manifest wanted = manifest();
  wanted.directories.assign(100, etc());
  EXPECT_LE(to_json_text(wanted).size(), kManifestBytesMax);

  wanted.directories.assign(1000, etc());
  EXPECT_THAT([&] { to_json_text(wanted); }, fails_with(ErrorKind::Usage, "the 1000 directories in [BackupDirs]"));
}

TEST(HashedMachineId, IsTheDigestOfTheIdAndTheProgramsName) {
  // printf osbackup0123456789abcdef0123456789abcdef | sha256sum
  EXPECT_EQ(hashed_machine_id("0123456789abcdef0123456789abcdef\n"),
            "b65bfb14861d4c6e5c5359a256d8cfb86e6518d820a81b172aeae29b9a4f1071");
}

TEST(HashedMachineId, IsNothingForAHostWithoutOne) { EXPECT_EQ(hashed_machine_id("\n"), ""); }

}  // namespace
}  // namespace osbackup::archive
