#include "client/command_line.hpp"

#include <gmock/gmock.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "support/fails_with.hpp"

namespace osbackup::client {
namespace {

using test::fails_with;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

CommandLine parsed(std::vector<std::string> words) {
  words.insert(words.begin(), "osbackup");
  std::vector<const char*> arguments;
  arguments.reserve(words.size());
  for (const std::string& word : words) arguments.push_back(word.c_str());
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data()).value();
}

template <class Options>
Options options_of(const std::vector<std::string>& words) {
  return std::get<Options>(parsed(words).command);
}

auto parsing(const std::vector<std::string>& words) {
  return [words] { parsed(words); };
}

constexpr const char* kDigest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(CommandLine, TakesCommonOptionsBeforeTheCommandAndBehindIt) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--config", "x.conf", "--json", "-q", "snapshots"},
        std::vector<std::string>{"snapshots", "--config", "x.conf", "--json", "-q"}}) {
    const CommandLine line = parsed(words);
    EXPECT_EQ(line.common.config, "x.conf");
    EXPECT_TRUE(line.common.json);
    EXPECT_EQ(line.common.verbosity, Verbosity::Quiet);
  }
}

TEST(CommandLine, GivesTheVersionOfEachCommand) {
  for (const char* command : {"backup", "snapshots", "ls", "restore"}) {
    const std::array words = {"osbackup", command, "--version"};
    testing::internal::CaptureStdout();
    EXPECT_FALSE(parse_command_line(words.size(), words.data()));
    EXPECT_THAT(testing::internal::GetCapturedStdout(), testing::StartsWith("osbackup "));
  }
}

TEST(CommandLine, IsQuietOrVerbose) {
  for (const auto& words :
       {std::vector<std::string>{"-q", "snapshots", "-v"}, std::vector<std::string>{"snapshots", "-q", "-v"}})
    EXPECT_THAT(parsing(words), fails_with(ErrorKind::Usage, "-q and -v exclude each other"));
}

TEST(CommandLine, KnowsOtherNamesOfCommands) {
  EXPECT_TRUE(std::holds_alternative<BackupOptions>(parsed({"run"}).command));
  EXPECT_TRUE(std::holds_alternative<SnapshotsOptions>(parsed({"list"}).command));
}

TEST(CommandLine, TakesTheHostOrAllHosts) {
  EXPECT_EQ(options_of<SnapshotsOptions>({"snapshots", "--host", "web-1"}).host.name, "web-1");
  EXPECT_TRUE(options_of<SnapshotsOptions>({"snapshots", "--all-hosts"}).host.all);
  EXPECT_THAT(parsing({"find", "x", "--host", "web-1", "--all-hosts"}), fails_with(ErrorKind::Usage, "--all-hosts"));
}

TEST(CommandLine, TakesPathsAsPeopleWriteThem) {
  EXPECT_EQ(options_of<LsOptions>({"ls", "latest", "/etc//ssh/"}).path, "etc/ssh");
  EXPECT_EQ(options_of<LsOptions>({"ls", "latest"}).path, ".");
  EXPECT_THAT(options_of<RestoreOptions>({"restore", "latest", "/etc", "./home/", "--target", "/x"}).paths,
              ElementsAre("etc", "home"));
  EXPECT_THAT(parsing({"ls", "latest", "../etc"}), fails_with(ErrorKind::Usage, "is no path in an archive"));
}

TEST(CommandLine, TakesHowAnArchiveIsListed) {
  const LsOptions options = options_of<LsOptions>({"ls", "20260301", "-l", "--depth", "2"});

  EXPECT_EQ(options.snapshot, "20260301");
  EXPECT_TRUE(options.is_long);
  EXPECT_EQ(options.depth, 2U);
  EXPECT_THAT(parsing({"ls", "latest", "--depth", "-1"}), fails_with(ErrorKind::Usage, "--depth"));
}

TEST(CommandLine, TakesWhatIsLookedFor) {
  const FindOptions options = options_of<FindOptions>({"find", "*.conf", "--newer", "7d", "--older", "2026-01-31"});

  EXPECT_EQ(options.pattern, "*.conf");
  EXPECT_TRUE(options.newer);
  EXPECT_TRUE(options.older);
  EXPECT_THAT(parsing({"find", "x", "--newer", "soon"}), fails_with(ErrorKind::Usage, "\"soon\" is no time"));
}

TEST(CommandLine, SplitsWhatIsDumpedAtTheFirstColon) {
  const DumpOptions options = options_of<DumpOptions>({"dump", "latest:/etc/a:b"});

  EXPECT_EQ(options.snapshot, "latest");
  EXPECT_EQ(options.path, "etc/a:b");
  EXPECT_THAT(parsing({"dump", "latest"}), fails_with(ErrorKind::Usage, "expected a snapshot, a colon and a path"));
  EXPECT_THAT(parsing({"dump", "latest:"}), fails_with(ErrorKind::Usage, "is no path in an archive"));
}

TEST(CommandLine, TakesTwoArchivesOrOneAndTheLiveSystem) {
  const DiffOptions two = options_of<DiffOptions>({"diff", "202601", "latest"});
  EXPECT_EQ(two.before, "202601");
  EXPECT_EQ(two.after, "latest");
  EXPECT_FALSE(options_of<DiffOptions>({"diff", "latest", "--live"}).after);
  EXPECT_THAT(parsing({"diff", "latest"}), fails_with(ErrorKind::Usage, "expected a second archive, or --live"));
}

TEST(CommandLine, TakesThePathsThatAreCompared) {
  EXPECT_THAT(options_of<DiffOptions>({"diff", "a", "b"}).paths, IsEmpty());
  EXPECT_THAT(options_of<DiffOptions>({"diff", "a", "b", "/etc/", "home"}).paths, ElementsAre("etc", "home"));
  for (const auto& words : {std::vector<std::string>{"diff", "a", "--live", "/etc/", "home"},
                            std::vector<std::string>{"diff", "--live", "a", "/etc/", "home"},
                            std::vector<std::string>{"diff", "a", "/etc/", "home", "--live"}}) {
    const DiffOptions live = options_of<DiffOptions>(words);
    EXPECT_EQ(live.before, "a");
    EXPECT_FALSE(live.after);
    EXPECT_THAT(live.paths, ElementsAre("etc", "home"));
  }
  EXPECT_THAT(parsing({"diff", "a", "--live", ".."}), fails_with(ErrorKind::Usage, "is no path in an archive"));
}

TEST(CommandLine, ReadsAllDataOfTheLiveSystemAlone) {
  EXPECT_TRUE(options_of<DiffOptions>({"diff", "a", "--live", "--read-data"}).reads_all);
  EXPECT_FALSE(options_of<DiffOptions>({"diff", "a", "--live"}).reads_all);
  EXPECT_THAT(parsing({"diff", "a", "b", "--read-data"}), fails_with(ErrorKind::Usage, "--live"));
}

TEST(CommandLine, TakesWhatIsRestoredAndHow) {
  const RestoreOptions options = options_of<RestoreOptions>(
      {"restore", "latest", "--target", "/x", "--include", "*.a", "--include", "*.b", "--exclude", "c", "--overwrite",
       "if-changed", "--dry-run", "--keep-going", "--expect-sha256", kDigest});

  EXPECT_EQ(options.target, "/x");
  EXPECT_THAT(options.paths, IsEmpty());
  EXPECT_THAT(options.include, SizeIs(2));
  EXPECT_THAT(options.exclude, SizeIs(1));
  EXPECT_EQ(options.overwrite, restore::Overwrite::IfChanged);
  EXPECT_TRUE(options.is_dry_run);
  EXPECT_TRUE(options.keep_going);
  EXPECT_EQ(crypto::to_hex(options.manifest_sha256.value()), kDigest);
}

TEST(CommandLine, LeavesPathsBehindAPatternAlone) {
  const RestoreOptions options =
      options_of<RestoreOptions>({"restore", "latest", "--target", "/x", "--include", "*.a", "/etc"});

  EXPECT_THAT(options.paths, ElementsAre("etc"));
  EXPECT_THAT(options.include, SizeIs(1));
}

TEST(CommandLine, RefusesARestoreThatItCannotMake) {
  EXPECT_THAT(parsing({"restore", "latest"}), fails_with(ErrorKind::Usage, "--target"));
  EXPECT_THAT(parsing({"restore", "latest", "--target", "/x", "--overwrite", "maybe"}),
              fails_with(ErrorKind::Usage, "--overwrite maybe: expected always, if-changed or never"));
  EXPECT_THAT(parsing({"restore", "latest", "--target", "/x", "--include", "[a"}),
              fails_with(ErrorKind::Usage, "the pattern [a"));
}

TEST(CommandLine, TakesADigestOf64DigitsAlone) {
  std::string upper_case = kDigest;
  for (char& c : upper_case) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(options_of<CheckOptions>({"check", "latest", "--expect-sha256", upper_case}).manifest_sha256,
            crypto::digest_from_hex(kDigest));
  for (const char* wrong : {"", "ba78", "xy7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})
    EXPECT_THAT(parsing({"check", "latest", "--expect-sha256", wrong}),
                fails_with(ErrorKind::Usage, "expected 64 hexadecimal digits"))
        << wrong;
}

TEST(CommandLine, TakesADigestForOneArchiveOnly) {
  EXPECT_THAT(parsing({"check", "--expect-sha256", kDigest}), fails_with(ErrorKind::Usage, "SNAPSHOT"));
}

TEST(CommandLine, TakesHowMuchIsChecked) {
  EXPECT_EQ(options_of<CheckOptions>({"check"}).read_percent, 0);
  EXPECT_FALSE(options_of<CheckOptions>({"check"}).snapshot);
  EXPECT_EQ(options_of<CheckOptions>({"check", "latest", "--read-data"}).read_percent, 100);
  EXPECT_EQ(options_of<CheckOptions>({"check", "--read-data-subset", "0.5%"}).read_percent, 0.5);
  for (const char* wrong : {"5", "0%", "101%", "x%", "%", "nan%", "-1%"})
    EXPECT_THAT(parsing({"check", "--read-data-subset=" + std::string(wrong)}),
                fails_with(ErrorKind::Usage, "expected a share such as 5%"))
        << wrong;
}

TEST(CommandLine, NamesTheHelpWhenSomethingIsWrong) {
  EXPECT_THAT(parsing({}), fails_with(ErrorKind::Usage, "Run osbackup --help"));
  EXPECT_THAT(parsing({"snapshot"}), fails_with(ErrorKind::Usage, "Run osbackup --help"));
  EXPECT_THAT(parsing({"ls"}), fails_with(ErrorKind::Usage, "SNAPSHOT is required. Run osbackup ls --help"));
}

TEST(CommandLine, NamesWhatItDoesNotKnowAndWhatWasMeant) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"resotre", "latest"}, "\"resotre\" is no command. Did you mean restore? Run osbackup --help"},
      {{"mount"}, "\"mount\" is no command. Run osbackup --help"},
      {{"restore", "latest", "--traget", "/x"},
       "osbackup restore has no option --traget. Did you mean --target? Run osbackup restore --help"},
      {{"--jsno", "snapshots"}, "osbackup has no option --jsno. Did you mean --json? Run osbackup --help"},
      {{"list", "x"}, "osbackup snapshots has no place for \"x\". Run osbackup snapshots --help"},
      {{"restore", "latest"}, "--target is required. Run osbackup restore --help"}};
  for (const auto& [words, expected] : cases) EXPECT_THAT(parsing(words), fails_with(ErrorKind::Usage, expected));
}

}  // namespace
}  // namespace osbackup::client
