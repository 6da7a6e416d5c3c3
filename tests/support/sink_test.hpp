#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "archive/entry.hpp"
#include "core/error.hpp"
#include "restore/disk_sink.hpp"
#include "restore/made_time.hpp"
#include "support/temporary_folder.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::test {

/// An object as an archive may have it, of root's, from the year 2023.
inline archive::Entry entry_of(archive::EntryType type, const std::string& path) {
  archive::Entry entry;
  entry.path = path;
  entry.type = type;
  entry.mode = type == archive::EntryType::Directory ? 0755 : 0644;
  entry.mtime = {.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789};
  return entry;
}
inline archive::Entry directory_of(const std::string& path) { return entry_of(archive::EntryType::Directory, path); }
inline archive::Entry link_of(const std::string& path, const std::string& target) {
  archive::Entry entry = entry_of(archive::EntryType::Symlink, path);
  entry.target = target;
  return entry;
}
inline archive::Entry hardlink_of(const std::string& path, const std::string& target) {
  archive::Entry entry = entry_of(archive::EntryType::Hardlink, path);
  entry.target = target;
  return entry;
}

/// A file with its content.
struct FileOf {
  std::string path;
  std::string content = "content";
  std::uint32_t mode = 0644;

  archive::Entry entry() const {
    archive::Entry made = entry_of(archive::EntryType::File, path);
    made.mode = mode;
    made.size = content.size();
    return made;
  }
};

/// Restores objects into a folder's `target`, as the pipeline does; beside it lies `outside`. These tests need root.
class SinkTest : public ::testing::Test {
 public:
  ~SinkTest() override {
    sink_.reset();
    if (is_mounted_) umount2(options_.target.c_str(), MNT_DETACH);
  }

 protected:
  SinkTest() {
    options_.target = folder_.path() / "target";
    std::filesystem::create_directory(outside());
  }

  /// Mounts a file system in memory for the target: quick, with the options of tmpfs(5), and gone in the end however
  /// deep it is.
  void target_in_memory(const std::string& mount_options = "") {
    std::filesystem::create_directory(options_.target);
    is_mounted_ = mount("none", options_.target.c_str(), "tmpfs", 0, mount_options.c_str()) == 0;
    ASSERT_TRUE(is_mounted_) << "this test must run as root";
  }

  std::filesystem::path at(const std::string& name) const { return options_.target / name; }
  std::filesystem::path outside() const { return folder_.path() / "outside"; }

  /// What was there before.
  void there(const std::string& path, const std::string& content = "old") const {
    std::filesystem::create_directories(at(path).parent_path());
    std::ofstream(at(path)) << content;
  }
  void there_directory(const std::string& path) const { std::filesystem::create_directories(at(path)); }
  void there_link(const std::string& path, const std::filesystem::path& target) const {
    std::filesystem::create_directories(at(path).parent_path());
    std::filesystem::create_symlink(target, at(path));
  }

  /// Until what is made from now on is younger than what is there, by the file system's clock.
  void let_the_clock_tick() const {
    const auto now = [this] {
      const system::FileDescriptor made(open(folder_.path().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
      return restore::made_time(made.get(), "").value();
    };
    for (const timespec before = now(); !restore::is_before(before, now());) std::this_thread::yield();
  }

  restore::DiskSink& sink() {
    if (!sink_) sink_ = std::make_unique<restore::DiskSink>(options_, log_);
    return *sink_;
  }
  /// One object from its begin to its end; what goes wrong with it is in the log.
  void restore(const archive::Entry& entry, const std::string& content = "") {
    try {
      if (!sink().wants(entry)) return;
      const std::unique_ptr<restore::Receiver> receiver = sink().receive(entry);
      receiver->begin(entry);
      if (!content.empty()) receiver->write(0, std::as_bytes(std::span(content)));
      receiver->finish();
    } catch (const Error& error) {
      const bool is_refused = error.kind() == ErrorKind::Refused;
      log_.add({.kind = is_refused ? restore::Trouble::Kind::Refused : restore::Trouble::Kind::Failed,
                .path = entry.path,
                .reason = error.what()});
    }
  }
  void restore_file(const FileOf& file) { restore(file.entry(), file.content); }
  /// The end of the restore.
  restore::SinkCounts finish() {
    sink().finish();
    return sink().counts();
  }
  /// Ends this restore, for another one into the same target.
  void begin_again() {
    finish();
    sink_.reset();
  }

  /// Does something as a user who is not root, on a thread of its own; the folder is that user's.
  template <class Work>
  void as_ordinary_user(Work work) {
    for (const std::filesystem::path& path : {folder_.path(), outside()})
      ASSERT_EQ(chown(path.c_str(), kOrdinaryUser, kOrdinaryUser), 0) << "this test must run as root";
    std::thread([&] {
      // The C library's functions would act on every thread; the system calls act on this one.
      ASSERT_EQ(syscall(SYS_setgroups, 0, nullptr), 0);
      ASSERT_EQ(syscall(SYS_setresgid, kOrdinaryUser, kOrdinaryUser, kOrdinaryUser), 0);
      ASSERT_EQ(syscall(SYS_setresuid, kOrdinaryUser, kOrdinaryUser, kOrdinaryUser), 0);
      work();
      sink_.reset();
    }).join();
  }

  std::string content_of(const std::string& path) const {
    std::ifstream file(at(path));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  struct stat status_of(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(lstat(at(path).c_str(), &status), 0) << path << ": " << std::generic_category().message(errno);
    return status;
  }
  mode_t mode_of(const std::string& path) const { return status_of(path).st_mode & 07777U; }
  bool is_there(const std::string& path) const {
    struct stat status {};
    return lstat(at(path).c_str(), &status) == 0;
  }
  /// What is in a directory, sorted.
  static std::vector<std::string> names_in(const std::filesystem::path& directory) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  /// What was told, a line each: `refused etc/x: its path is absolute`.
  std::vector<std::string> told() const {
    std::vector<std::string> lines;
    for (const restore::Trouble& trouble : troubles_) lines.push_back(name_of(trouble.kind) + " " + to_line(trouble));
    return lines;
  }

  static constexpr uid_t kOrdinaryUser = 65534;

  TemporaryFolder folder_;
  restore::SinkOptions options_;
  std::vector<restore::Trouble> troubles_;
  restore::TroubleLog log_{[this](const restore::Trouble& trouble) { troubles_.push_back(trouble); }};
  std::unique_ptr<restore::DiskSink> sink_;

 private:
  bool is_mounted_ = false;

  static std::string name_of(restore::Trouble::Kind kind) {
    switch (kind) {
      case restore::Trouble::Kind::Damaged:
        return "damaged";
      case restore::Trouble::Kind::Refused:
        return "refused";
      case restore::Trouble::Kind::Failed:
        return "failed";
      case restore::Trouble::Kind::Note:
        return "note";
    }
    return "";
  }
};

/// Matches the lines of SinkTest::told() when there is one, which begins and goes on like this.
inline auto tells_once(const std::string& begin, const std::string& part) {
  return ::testing::ElementsAre(::testing::AllOf(::testing::StartsWith(begin), ::testing::HasSubstr(part)));
}

}  // namespace osbackup::test
