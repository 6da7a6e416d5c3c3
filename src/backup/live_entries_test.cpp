#include "backup/live_entries.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "archive/archive_reader.hpp"
#include "archive/index_entry.hpp"
#include "backup/native_engine.hpp"
#include "backup/object_opener.hpp"
#include "support/fails_with.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using archive::EntryType;
using archive::IndexEntry;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// An ordinary user for the life of the object.
class OrdinaryUser {
 public:
  OrdinaryUser() { EXPECT_EQ(seteuid(65'534), 0) << "this test must run as root"; }
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;
  ~OrdinaryUser() { EXPECT_EQ(seteuid(0), 0); }
};

class LiveEntriesTest : public testing::Test {
 protected:
  LiveEntriesTest() {
    fs::permissions(root_, fs::perms::all);  // For the ordinary user, who keeps the group.
    fs::create_directory(at("d"));
  }

  fs::path at(const std::string& name) const { return root_ / name; }
  std::string in_index(const std::string& name) const { return relative_path(at(name)); }
  void file(const std::string& name, const std::string& content = "content") const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name)) << content;
  }
  static void bind_socket(const fs::path& path) {
    const system::FileDescriptor handle(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(handle.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }

  LiveEntries live() { return {{at("d")}, rules_, warnings_, stop_.get_token()}; }
  std::vector<std::string> paths() {
    LiveEntries entries = live();
    std::vector<std::string> found;
    while (const auto entry = entries.next()) found.push_back(entry->entry.path.substr(in_index("x").size() - 1));
    return found;
  }
  /// Goes to the entry of a path.
  IndexEntry advance_to(LiveEntries& entries, const std::string& name) const {
    while (auto entry = entries.next())
      if (entry->entry.path == in_index(name)) return *entry;
    ADD_FAILURE() << name << " did not come";
    return {};
  }
  bool is_passed_over(const std::string& name, EntryType type = EntryType::File) {
    archive::Entry entry;
    entry.path = in_index(name);
    entry.type = type;
    return live().is_passed_over(entry);
  }
  std::vector<std::string> heard() const {
    std::vector<std::string> lines;
    for (const Warning& warning : heard_)
      lines.push_back(warning.path.substr(at("x").native().size() - 1) + ": " + warning.reason);
    return lines;
  }

  test::TemporaryFolder folder_;
  fs::path root_ = fs::canonical(folder_.path());
  SelectionRules rules_;
  std::stop_source stop_;
  std::vector<Warning> heard_;
  WarningLog warnings_{[this](const Warning& warning) { heard_.push_back(warning); }};
};

/// What an index says of the same object, whichever of its names has the content.
std::string comparable(IndexEntry entry, const std::optional<crypto::Sha256Digest>& digest) {
  if (entry.entry.type == EntryType::Hardlink) {
    entry.entry.type = EntryType::File;
    entry.entry.target.clear();
  }
  entry.has_holes = false;
  entry.placement = {};
  entry.digest = digest;
  return archive::index_line(entry);
}

TEST_F(LiveEntriesTest, SayWhatAnArchiveOfTheSameTreeSays) {
  file("d/file");
  file("d/empty", "");
  file("d/sub/large", std::string(3U << 20U, 'x'));
  fs::create_hard_link(at("d/file"), at("d/other name"));
  fs::resize_file(at("d/sub/large"), 30U << 20U);
  fs::create_symlink("no where", at("d/link"));
  ASSERT_EQ(mkfifo(at("d/fifo").c_str(), 0600), 0);
  ASSERT_EQ(mknod(at("d/device").c_str(), S_IFCHR | 0600U, makedev(1, 3)), 0);
  ASSERT_EQ(chmod(at("d/file").c_str(), 04640), 0);
  ASSERT_EQ(lchown(at("d/link").c_str(), 7, 65'534), 0);
  ASSERT_EQ(setxattr(at("d/sub").c_str(), "user.note", "x", 1, 0), 0);
  ASSERT_EQ(setxattr(at("d/sub/large").c_str(), "user.note", "y", 1, 0), 0);
  test::output_of({.text = "chattr +d d/sub/large", .directory = root_});
  fs::create_directory(at("run"));
  const ArchivePlan plan{.name = {.hostname = "web-1", .ip = "192.0.2.7", .started = {}},
                         .run_id = "0a1b2c3d-0000-4000-8000-000000000000",
                         .directories = {at("d")},
                         .warnings = {},
                         .rules = {},
                         .run_directory = at("run"),
                         .threads = 2};
  Progress progress;
  DiskSpool spool(at("archive.zip"));
  NativeEngine(archive::Compression::Fast).make(plan, {.progress = progress, .warnings = warnings_}, spool, {});
  spool.finish();

  archive::ArchiveReader archive(std::make_shared<system::FileRange>(at("archive.zip")));
  auto lines = archive.list(".");
  LiveEntries entries = live();
  int compared = 0;
  while (const auto entry = entries.next()) {
    const auto line = lines.next();
    ASSERT_TRUE(line) << entry->entry.path;
    const auto digest = entry->entry.type == EntryType::File ? entries.digest() : std::nullopt;
    EXPECT_EQ(comparable(*entry, digest), comparable(*line, line->digest));
    EXPECT_TRUE(entries.knows_flags());
    ++compared;
  }
  EXPECT_FALSE(lines.next());
  EXPECT_EQ(compared, 9);
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(LiveEntriesTest, HaveNoDigestUntilTheyAreAskedForIt) {
  file("d/file", "one");
  LiveEntries entries = live();
  const IndexEntry entry = advance_to(entries, "d/file");
  file("d/file", "two");

  EXPECT_FALSE(entry.digest);
  EXPECT_EQ(entries.digest(), crypto::sha256(std::as_bytes(std::span("two", 3))));
}

TEST_F(LiveEntriesTest, LeaveOutWhatTheRulesDo) {
  file("d/a.tmp");
  file("d/b");
  file("d/c/x");
  rules_.exclude = PathPatterns({PathPattern("*.tmp")});
  EXPECT_THAT(paths(), ElementsAre("d", "d/b", "d/c", "d/c/x"));

  rules_.only = {in_index("d/c")};
  EXPECT_THAT(paths(), ElementsAre("d/c", "d/c/x"));
}

TEST_F(LiveEntriesTest, SayWhatAnOrdinaryUserCannotRead) {
  file("d/secret");
  file("d/locked/x");
  ASSERT_EQ(chmod(at("d/secret").c_str(), 0600), 0);
  ASSERT_EQ(chmod(at("d/locked").c_str(), 0700), 0);
  const OrdinaryUser ordinary;

  LiveEntries entries = live();
  advance_to(entries, "d/locked");
  EXPECT_FALSE(entries.knows_flags());
  EXPECT_EQ(advance_to(entries, "d/secret").entry.size, 7U);
  EXPECT_FALSE(entries.knows_flags());
  EXPECT_FALSE(entries.digest());
  EXPECT_THAT(heard(), ElementsAre("d/locked: the directory cannot be read: Permission denied",
                                   "d/secret: cannot be opened: Permission denied"));
  EXPECT_TRUE(is_passed_over("d/locked/x"));
  EXPECT_TRUE(is_passed_over("d/locked/gone")) << "who knows";
}

TEST_F(LiveEntriesTest, WarnOfAFileThatCannotBeReadAnyMore) {
  file("d/file");
  LiveEntries entries = live();
  advance_to(entries, "d/file");
  fs::remove(at("d/file"));

  EXPECT_FALSE(entries.digest());
  EXPECT_THAT(heard(), ElementsAre("d/file: vanished before it was read"));
}

TEST_F(LiveEntriesTest, PassOverWhatIsExcludedOrNotEntered) {
  file("d/a.tmp");
  file("d/c/x");
  rules_.exclude = PathPatterns({PathPattern("*.tmp"), PathPattern("cache/")});

  EXPECT_TRUE(is_passed_over("d/a.tmp"));
  EXPECT_TRUE(is_passed_over("d/gone.tmp"));
  EXPECT_TRUE(is_passed_over("d/cache", EntryType::Directory));
  EXPECT_FALSE(is_passed_over("d/cache", EntryType::File));
  EXPECT_TRUE(is_passed_over("d/c/x")) << "it is there and did not come";
}

TEST_F(LiveEntriesTest, DoNotPassOverWhatIsGone) {
  file("d/file");
  file("outside/x");
  fs::create_directory_symlink("../outside", at("d/link"));
  bind_socket(at("d/socket"));

  EXPECT_FALSE(is_passed_over("d/gone"));
  EXPECT_FALSE(is_passed_over("d/gone/x"));
  EXPECT_FALSE(is_passed_over("d/file/x"));
  EXPECT_FALSE(is_passed_over("d/link/x"));
  EXPECT_FALSE(is_passed_over("d/socket"));
  EXPECT_FALSE(is_passed_over("d/" + std::string(300, 'n')));
}

TEST_F(LiveEntriesTest, RememberWhatIsGoneForNothingBeside) {
  file("d/b");
  LiveEntries entries = live();
  archive::Entry entry;
  for (const auto& [name, expected] : {std::pair("d/a", false), {"d/a/x", false}, {"d/a-x", false}, {"d/b", true}}) {
    entry.path = in_index(name);
    EXPECT_EQ(entries.is_passed_over(entry), expected) << name;
  }
}

TEST_F(LiveEntriesTest, DoNotLookBehindANetworkMount) {
  rules_.mounts = system::MountTable("1 0 0:99 / " + at("d/mnt").string() + " rw - nfs4 none rw\n");

  EXPECT_TRUE(is_passed_over("d/mnt/gone"));
  rules_.network_mounts = true;
  EXPECT_FALSE(is_passed_over("d/mnt/gone"));
}

TEST_F(LiveEntriesTest, EndWhenTheyAreStopped) {
  file("d/file", std::string(5U << 20U, 'x'));
  LiveEntries entries = live();
  advance_to(entries, "d/file");
  stop_.request_stop();

  EXPECT_THAT([&] { entries.digest(); }, test::fails_with(ErrorKind::Cancelled, "stopped"));
  LiveEntries others = live();
  EXPECT_THAT([&] { others.next(); }, test::fails_with(ErrorKind::Cancelled, "stopped"));
}

}  // namespace
}  // namespace osbackup::backup
