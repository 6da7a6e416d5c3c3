#include "backup/commands_engine.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/error.hpp"
#include "core/time_format.hpp"
#include "support/temporary_folder.hpp"
#include "system/command.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Puts a program of ours first on PATH for the life of the object.
class ReplacedProgram {
 public:
  ReplacedProgram(const fs::path& folder, const std::string& name, const std::string& script)
      : before_(getenv("PATH")) {
    fs::create_directories(folder);
    std::ofstream(folder / name) << "#!/bin/sh\n" << script;
    fs::permissions(folder / name, fs::perms::owner_all);
    setenv("PATH", (folder.string() + ":" + before_).c_str(), 1);
  }
  ReplacedProgram(const ReplacedProgram&) = delete;
  ReplacedProgram& operator=(const ReplacedProgram&) = delete;
  ~ReplacedProgram() { setenv("PATH", before_.c_str(), 1); }

 private:
  std::string before_;
};

class CommandsEngineTest : public testing::Test {
 protected:
  CommandsEngineTest() { fs::create_directories(root_ / "run"); }

  fs::path at(const std::string& name) const { return root_ / "source" / name; }
  void file(const std::string& name, const std::string& content = "content") const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name)) << content;
  }
  MadeArchive make(const std::vector<std::string>& directories) {
    return CommandsEngine().make({.name = {.hostname = "h", .ip = "192.0.2.1", .started = started_},
                                  .run_id = "0a1b2c3d-0000-4000-8000-000000000000",
                                  .directories = absolute(directories),
                                  .warnings = {},
                                  .rules = rules_,
                                  .run_directory = root_ / "run",
                                  .threads = 2},
                                 {progress_, warnings_}, spool_, stop_.get_token());
  }
  std::string archive() const { return spool_.file().value().string(); }
  std::vector<std::string> absolute(const std::vector<std::string>& directories) const {
    std::vector<std::string> paths;
    paths.reserve(directories.size());
    for (const std::string& directory : directories) paths.push_back(at(directory).string());
    return paths;
  }
  std::string entry(const std::string& directory) const { return at(directory).string().substr(1) + ".tar.gz"; }
  /// What a shell command prints.
  std::string shell(const std::string& script) const {
    const fs::path output = root_ / "shell-output";
    const system::FileDescriptor target = system::open_file(output, {.flags = O_WRONLY | O_CREAT | O_TRUNC});
    const auto end = system::run_command({.arguments = {"sh", "-c", script},
                                          .environment = {"LC_ALL=C", "PATH=/usr/bin:/bin"},
                                          .working_directory = root_,
                                          .standard_output = target.get()},
                                         {}, {});
    EXPECT_TRUE(end.succeeded()) << script;
    return system::read_file(output, 1U << 24U);
  }

  test::TemporaryFolder folder_;
  fs::path root_ = fs::canonical(folder_.path());
  TimePoint started_ = *parse_rfc3339("2026-11-23T09:30:00Z");
  SelectionRules rules_;
  Progress progress_;
  DiskSpool spool_{root_ / "run" / "unused"};
  std::vector<Warning> heard_;
  WarningLog warnings_{[this](const Warning& warning) { heard_.push_back(warning); }};
  std::stop_source stop_;
};

TEST_F(CommandsEngineTest, MakesOneTarOfEachDirectoryInOneZip) {
  file("etc/passwd");
  file("var/lib/x");

  const MadeArchive made = make({"etc", "var/lib"});

  EXPECT_EQ(shell("unzip -Z1 " + archive()), entry("etc") + "\n" + entry("var/lib") + "\nosbackup/RESTORE.txt\n");
  EXPECT_EQ(made.files, 2U);
  EXPECT_EQ(made.source_bytes, 14U);
  EXPECT_EQ(made.bytes, fs::file_size(archive()));
}

TEST_F(CommandsEngineTest, StoresEntriesOfMode0600WithTheStartOfTheBackup) {
  file("etc/passwd");

  make({"etc"});

  const std::string listing = shell("TZ=UTC unzip -Z -l -T " + archive());
  EXPECT_THAT(listing, testing::ContainsRegex("-rw-------.* stor 20261123\\.093000 .*etc\\.tar\\.gz"));
  EXPECT_THAT(listing, testing::Not(HasSubstr("defN")));
}

TEST_F(CommandsEngineTest, StoresEntryNamesInUtf8) {
  file("h\xc3\xa4user/x");

  make({"h\xc3\xa4user"});

  // Info-ZIP sets the UTF-8 flag only on hosts that have the locale en_US.UTF-8; without it Python reads code page 437.
  const std::string names = shell("/usr/bin/python3 -c \"import zipfile; i = zipfile.ZipFile('" + archive() +
                                  "').infolist()[0]; utf8 = i.flag_bits & 0x800; name = i.filename.encode('utf-8' if "
                                  "utf8 else 'cp437'); print(name[-14:])\"");
  EXPECT_EQ(names, "b'h\\xc3\\xa4user.tar.gz'\n");
}

TEST_F(CommandsEngineTest, KeepsNamesOfAnyBytes) {
  file("d/ two  spaces ");
  file("d/new\nline");
  file("d/--checkpoint-action=exec=false");
  file("d/\xff\xfe");
  file("d/'quotes\"");

  make({"d"});
  fs::create_directories(root_ / "back");
  shell("unzip -p " + archive() + " '" + entry("d") + "' | tar -xzf - -C back");

  EXPECT_EQ(shell("diff -r source/d back/" + at("d").string().substr(1) + " && echo same"), "same\n");
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(CommandsEngineTest, KeepsModesOwnersLinksAttributesAndHoles) {
  file("d/plain");
  ASSERT_EQ(chown(at("d/plain").c_str(), 12345, 54321), 0) << "this test must run as root";
  ASSERT_EQ(chmod(at("d/plain").c_str(), 04751), 0);
  ASSERT_EQ(setxattr(at("d/plain").c_str(), "user.note", "kept", 4, 0), 0) << "this test needs user attributes";
  fs::create_hard_link(at("d/plain"), at("d/second"));
  fs::create_symlink("nowhere", at("d/link"));
  ASSERT_EQ(mkfifo(at("d/fifo").c_str(), 0640), 0);
  file("d/sparse");
  fs::resize_file(at("d/sparse"), 1U << 26U);

  const MadeArchive made = make({"d"});
  fs::create_directories(root_ / "back");
  shell("unzip -p " + archive() + " '" + entry("d") + "' | tar -xpzf - -C back --xattrs --xattrs-include='*'");
  const fs::path back = root_ / "back" / at("d").relative_path();

  struct stat status {};
  ASSERT_EQ(lstat((back / "plain").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode, S_IFREG | 04751U);
  EXPECT_EQ(status.st_uid, 12345U);
  EXPECT_EQ(status.st_gid, 54321U);
  EXPECT_EQ(status.st_nlink, 2U);
  std::string note(4, '\0');
  EXPECT_EQ(getxattr((back / "plain").c_str(), "user.note", note.data(), note.size()), 4);
  EXPECT_EQ(note, "kept");
  EXPECT_EQ(fs::read_symlink(back / "link"), "nowhere");
  EXPECT_TRUE(fs::is_fifo(fs::symlink_status(back / "fifo")));
  ASSERT_EQ(lstat((back / "sparse").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 1 << 26);
  EXPECT_LT(status.st_blocks, 1000);
  EXPECT_LT(made.bytes, 100'000U);
}

TEST_F(CommandsEngineTest, LeavesOutWhatIsExcludedAndCountsIt) {
  file("etc/a.tmp");
  file("etc/b");
  file("srv/c.tmp");
  rules_.exclude = PathPatterns({PathPattern("*.tmp")});

  const MadeArchive made = make({"etc", "srv"});

  EXPECT_EQ(made.files, 1U);
  EXPECT_EQ(made.excluded, 2U);
  EXPECT_THAT(shell("unzip -p " + archive() + " '*etc.tar.gz' | tar -tzf -"),
              testing::AllOf(HasSubstr("/etc/b"), testing::Not(HasSubstr("a.tmp"))));
}

TEST_F(CommandsEngineTest, StoresPathsAsLongAsTarCanOpenAndNamesLongerOnes) {
  constexpr std::size_t kLongest = 4095;
  const std::string name(200, 'n');
  std::string path = at("deep").string().substr(1);
  fs::create_directories(at("deep"));
  system::FileDescriptor directory = system::open_file(at("deep"), {.flags = O_RDONLY | O_DIRECTORY});
  while (path.size() + 1 + name.size() + 2 <= kLongest) {
    ASSERT_EQ(mkdirat(directory.get(), name.c_str(), 0700), 0);
    directory = system::open_file_at(directory, name, {.flags = O_RDONLY | O_DIRECTORY});
    path += "/" + name;
  }
  const std::string fits(kLongest - path.size() - 1, 'f');
  const std::string too_long = fits + "x";
  system::open_file_at(directory, fits, {.flags = O_WRONLY | O_CREAT});
  system::open_file_at(directory, too_long, {.flags = O_WRONLY | O_CREAT});

  const MadeArchive made = make({"deep"});

  EXPECT_EQ(made.files, 1U);
  EXPECT_THAT(shell("unzip -p " + archive() + " '*deep.tar.gz' | tar -tzf -"), HasSubstr("/" + fits + "\n"));
  // Of the longest tar itself says that it could not ask for its ACL: it goes through a longer path to do so.
  EXPECT_THAT(heard_, testing::Contains(
                          Warning{WarningKind::Missing, "/" + path + "/" + too_long,
                                  "its path is longer than 4095 bytes, which tar cannot open (engine = native can)"}));
}

TEST_F(CommandsEngineTest, RunsSeveralTarsAtOnce) {
  file("a/x");
  file("b/x");
  // Each tar waits until the other has begun, which only happens when they overlap.
  const std::string meet = (root_ / "meet").string();
  const ReplacedProgram tar(root_ / "bin", "tar",
                            "case \"$*\" in *--help*) exec /usr/bin/tar --help;; esac\n"
                            ": > " +
                                meet +
                                ".$$\n"
                                "i=0; while [ $(ls " +
                                meet +
                                ".* | wc -l) -lt 2 ]; do\n"
                                "  i=$((i+1)); [ $i -lt 500 ] || exit 9; sleep 0.02; done\n"
                                "exec /usr/bin/tar \"$@\"\n");

  make({"a", "b"});

  EXPECT_EQ(shell("ls meet.* | wc -l"), "2\n");
}

TEST_F(CommandsEngineTest, TarsWarningsCountAsWarnings) {
  file("d/x");
  const ReplacedProgram tar(root_ / "bin", "tar",
                            "case \"$*\" in *--help*) exec /usr/bin/tar --help;; esac\n"
                            "/usr/bin/tar \"$@\"\n"
                            "echo 'tar: " +
                                at("d").string().substr(1) + "/x: file changed as we read it' >&2\nexit 1\n");

  make({"d"});

  EXPECT_THAT(heard_, ElementsAre(Warning{WarningKind::Changed, at("d/x").string(), "file changed as we read it"}));
}

TEST_F(CommandsEngineTest, ErrorsAboutSingleFilesLeaveTheArchiveUsable) {
  file("d/x");
  const ReplacedProgram tar(root_ / "bin", "tar",
                            "case \"$*\" in *--help*) exec /usr/bin/tar --help;; esac\n"
                            "/usr/bin/tar \"$@\"\n"
                            "echo 'tar: " +
                                at("d").string().substr(1) +
                                "/y: Cannot open: Permission denied' >&2\n"
                                "echo 'tar: Exiting with failure status due to previous errors' >&2\nexit 2\n");

  make({"d"});

  EXPECT_EQ(warnings_.counts().missing, 1U);
}

TEST_F(CommandsEngineTest, OtherErrorsOfTarAreFailures) {
  file("d/x");
  const ReplacedProgram tar(root_ / "bin", "tar",
                            "case \"$*\" in *--help*) exec /usr/bin/tar --help;; esac\n"
                            "cat > /dev/null\necho 'tar: Error is not recoverable: exiting now' >&2\nexit 2\n");

  try {
    make({"d"});
    FAIL() << "the failure was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(error.what(),
              "archive " + at("d").string() + " with tar: exit code 2: tar: Error is not recoverable: exiting now");
  }
}

TEST_F(CommandsEngineTest, AFullDiskIsNoSpace) {
  file("d/x");
  const ReplacedProgram tar(root_ / "bin", "tar",
                            "case \"$*\" in *--help*) exec /usr/bin/tar --help;; esac\n"
                            "cat > /dev/null\necho 'gzip: stdout: No space left on device' >&2\nexit 2\n");

  try {
    make({"d"});
    FAIL() << "the failure was not seen";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NoSpace);
  }
}

TEST_F(CommandsEngineTest, FlagsThatAnOldTarLacksAreDroppedWithAWarning) {
  file("d/x");
  const ReplacedProgram tar(
      root_ / "bin", "tar",
      "case \"$*\" in\n"
      "  *--help*) /usr/bin/tar --help | grep -v -e --verbatim-files-from -e --selinux; exit 0;;\n"
      "  *--verbatim*|*--selinux*) echo 'tar: unrecognized option' >&2; exit 64;;\n"
      "esac\nexec /usr/bin/tar \"$@\"\n");

  make({"d"});

  EXPECT_THAT(heard_, ElementsAre(Warning{WarningKind::Note, "", "this host's tar does not know --verbatim-files-from"},
                                  Warning{WarningKind::Note, "", "this host's tar does not know --selinux"}));
}

TEST_F(CommandsEngineTest, CancellingEndsTheChildren) {
  file("d/x");
  const std::string mark = (root_ / "child").string();
  const ReplacedProgram tar(root_ / "bin", "tar",
                            "case \"$*\" in *--help*) exec /usr/bin/tar --help;; esac\n"
                            "echo $$ > " +
                                mark + ".new; mv " + mark + ".new " + mark + "\nexec sleep 600\n");
  std::jthread canceller([&](const std::stop_token& end) {
    while (!fs::exists(mark) && !end.stop_requested()) std::this_thread::yield();
    stop_.request_stop();
  });

  try {
    make({"d"});
    FAIL() << "the run was not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
  }
  const pid_t child = std::stoi(system::read_file(fs::path(mark), 100));
  EXPECT_EQ(kill(child, 0), -1);
}

TEST_F(CommandsEngineTest, LeavesOnlyTheArchiveBehind) {
  file("d/x");

  make({"d"});

  std::vector<std::string> left;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "run"))
    if (!entry.is_directory()) left.push_back(entry.path().filename());
  EXPECT_THAT(left, ElementsAre("archive.zip"));
}

}  // namespace
}  // namespace osbackup::backup
