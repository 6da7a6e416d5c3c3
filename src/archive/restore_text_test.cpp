#include "archive/restore_text.hpp"

#include <gmock/gmock.h>

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::archive {
namespace {

using testing::HasSubstr;
using testing::Not;

RestoreTextFacts facts(bool has_index) {
  return {.name = {.hostname = "it's", .ip = "192.0.2.1", .started = {}},
          .run_id = "run-1",
          .directories = {"/home/O'Hara"},
          .has_index = has_index};
}

/// The lines that are commands, with another place than /restore.
std::string commands_in(std::string text, const std::string& target) {
  std::string commands;
  for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
    const std::string line = text.substr(0, end + 1);
    if (line.starts_with("  unzip") || line.starts_with("  mkdir") || line.starts_with("    tar")) commands += line;
  }
  for (std::size_t at = 0; (at = commands.find("/restore")) != std::string::npos;)
    commands.replace(at, std::string_view("/restore").size(), target);
  return commands;
}

int run(const std::string& script, const std::filesystem::path& output) {
  return test::ChildProcess({.arguments = {"bash", "-e", "-o", "pipefail", "-c", script}, .output = output}).wait();
}

TEST(RestoreText, QuotesNamesForAShell) {
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");

  EXPECT_THAT(restore_text(facts(true)),
              HasSubstr("unzip -p 'it%27s+192.0.2.1+19700101T000000Z.zip' 'home/O'\\''Hara.tar.gz' | tar"));
}

TEST(RestoreText, SpeaksOfTheIndexOnlyWhenThereIsOne) {
  EXPECT_THAT(restore_text(facts(true)), HasSubstr("osbackup/index.jsonl.gz | gzip -dc"));
  EXPECT_THAT(restore_text(facts(true)), HasSubstr("more than 4,095 bytes"));
  EXPECT_THAT(restore_text(facts(false)), Not(HasSubstr("index")));
}

TEST(RestoreText, HasNoLongLines) {
  const std::string text = restore_text(facts(true));
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    EXPECT_LE(text.find('\n', at) - at, 100U) << text.substr(at, 100);
}

TEST(RestoreText, HasCommandsThatWorkAsTheyStand) {
  const test::TemporaryFolder folder;
  const std::string made = "cd '" + folder.path().string() +
                           "' && mkdir -p source/home osbackup home \"source/home/O'Hara\" && "
                           "echo hello >\"source/home/O'Hara/file\" && "
                           "tar -C source -czf \"home/O'Hara.tar.gz\" \"home/O'Hara\" && "
                           "echo '{}' | gzip >osbackup/index.jsonl.gz && "
                           "zip -0qr 'it%27s+192.0.2.1+19700101T000000Z.zip' home osbackup";
  const auto said = folder.path() / "said";
  ASSERT_EQ(run(made, said), 0) << test::text_of(said);
  const std::string commands = commands_in(restore_text(facts(true)), folder.path() / "back");

  const int code = run("cd '" + folder.path().string() + "'\n" + commands, said);

  EXPECT_EQ(code, 0) << commands << test::text_of(said);
  EXPECT_EQ(test::text_of(folder.path() / "back/home/O'Hara/file"), "hello\n");
  EXPECT_THAT(test::text_of(said), HasSubstr("{}\n"));
}

TEST(RestoreText, HasCommandsThatTakeNoNameForAPatternOrAnOption) {
  const test::TemporaryFolder folder;
  const std::string made = "cd '" + folder.path().string() +
                           "' && for name in 'a[b]' 'c*' 'cd' 'e?' 'f\\g' '-h'; do "
                           "mkdir -p source/\"$name\" && echo \"$name\" >source/\"$name\"/file && "
                           "tar -C source -czf ./\"$name.tar.gz\" ./\"$name\" && "
                           "zip -0q 'host+192.0.2.1+19700101T000000Z.zip' ./\"$name.tar.gz\"; done";
  const auto said = folder.path() / "said";
  ASSERT_EQ(run(made, said), 0) << test::text_of(said);
  const RestoreTextFacts patterns{.name = {.hostname = "host", .ip = "192.0.2.1", .started = {}},
                                  .run_id = "run-1",
                                  .directories = {"/a[b]", "/c*", "/e?", "/f\\g", "/-h"},
                                  .has_index = false};
  const std::string commands = commands_in(restore_text(patterns), folder.path() / "back");

  const int code = run("cd '" + folder.path().string() + "'\n" + commands, said);

  EXPECT_EQ(code, 0) << commands << test::text_of(said);
  for (const std::string name : {"a[b]", "c*", "e?", "f\\g", "-h"})
    EXPECT_EQ(test::text_of(folder.path() / "back" / name / "file"), name + "\n");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "back/cd"));
}

}  // namespace
}  // namespace osbackup::archive
