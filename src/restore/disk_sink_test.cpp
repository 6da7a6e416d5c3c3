#include "restore/disk_sink.hpp"

#include <gmock/gmock.h>

#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "support/fails_with.hpp"
#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::directory_of;
using test::FileOf;
using test::hardlink_of;
using test::link_of;
using testing::ElementsAre;
using testing::IsEmpty;

using DiskSinkTest = test::SinkTest;

TEST_F(DiskSinkTest, RestoresATree) {
  restore(directory_of("etc"));
  restore_file({.path = "etc/passwd", .content = "root:x:0:0"});
  restore(directory_of("etc/ssh"));
  restore_file({.path = "etc/ssh/config"});
  restore(link_of("etc/ssh/link", "config"));
  restore(hardlink_of("etc/ssh/other", "etc/passwd"));
  const SinkCounts counts = finish();

  EXPECT_EQ(content_of("etc/passwd"), "root:x:0:0");
  EXPECT_EQ(content_of("etc/ssh/link"), "content");
  EXPECT_EQ(content_of("etc/ssh/other"), "root:x:0:0");
  EXPECT_EQ(counts, (SinkCounts{.files = 2, .directories = 2, .symlinks = 1, .hardlinks = 1, .content_bytes = 17}));
  EXPECT_THAT(told(), IsEmpty());
  EXPECT_THAT(names_in(options_.target), ElementsAre("etc"));
}

TEST_F(DiskSinkTest, ReplacesWhatIsThereAlways) {
  there("file");
  there("link-to-be", "old");
  there_link("file-to-be", outside() / "x");

  restore_file({.path = "file", .content = "new"});
  restore_file({.path = "file-to-be", .content = "new"});
  restore(link_of("link-to-be", "elsewhere"));
  const SinkCounts counts = finish();

  EXPECT_EQ(content_of("file"), "new");
  EXPECT_EQ(content_of("file-to-be"), "new");
  EXPECT_TRUE(S_ISREG(status_of("file-to-be").st_mode));
  EXPECT_EQ(std::filesystem::read_symlink(at("link-to-be")), "elsewhere");
  EXPECT_EQ(counts.replaced, 3U);
  EXPECT_THAT(names_in(outside()), IsEmpty());
  EXPECT_THAT(names_in(options_.target), ElementsAre("file", "file-to-be", "link-to-be"));
}

TEST_F(DiskSinkTest, ReplacesOnlyWhatHasChanged) {
  const FileOf same{.path = "same", .content = "12345"};
  const FileOf other{.path = "size", .content = "12345"};
  const FileOf later{.path = "time", .content = "12345"};
  for (const FileOf& file : {same, other, later}) restore_file(file);
  restore(link_of("way", "old"));
  begin_again();
  std::ofstream(at("same")) << "54321";
  const timespec times[] = {same.entry().mtime, same.entry().mtime};
  ASSERT_EQ(utimensat(AT_FDCWD, at("same").c_str(), times, 0), 0);
  std::filesystem::resize_file(at("size"), 4);
  std::filesystem::last_write_time(at("time"), std::filesystem::file_time_type::clock::now());

  options_.overwrite = Overwrite::IfChanged;
  restore_file(same);
  restore_file(other);
  restore_file(later);
  restore(link_of("way", "new"));
  const SinkCounts counts = finish();

  EXPECT_EQ(content_of("same"), "54321") << "its size and its time are those of the archive";
  EXPECT_EQ(content_of("size"), "12345");
  EXPECT_EQ(status_of("time").st_mtim.tv_nsec, later.entry().mtime.tv_nsec);
  EXPECT_EQ(std::filesystem::read_symlink(at("way")), "new");
  EXPECT_EQ(counts.unchanged, 1U);
  EXPECT_EQ(counts.replaced, 3U);
}

TEST_F(DiskSinkTest, NeverReplacesAnything) {
  there("file");
  there_link("link", "old");
  there_directory("full/inside");
  options_.overwrite = Overwrite::Never;

  restore_file({.path = "file", .content = "new"});
  restore_file({.path = "full", .content = "new"});
  restore_file({.path = "link", .content = "new"});
  restore_file({.path = "new", .content = "new"});
  const SinkCounts counts = finish();

  EXPECT_EQ(content_of("file"), "old");
  EXPECT_EQ(std::filesystem::read_symlink(at("link")), "old");
  EXPECT_TRUE(is_there("full/inside"));
  EXPECT_EQ(content_of("new"), "new");
  EXPECT_EQ(counts.kept, 3U);
  EXPECT_EQ(counts.files, 1U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DiskSinkTest, KeepsWhatAppearsAfterItWasAskedForWhenItNeverReplaces) {
  options_.overwrite = Overwrite::Never;
  const FileOf file{.path = "file", .content = "new"};
  ASSERT_TRUE(sink().wants(file.entry()));
  there("file");

  const auto receiver = sink().receive(file.entry());

  EXPECT_THAT([&] { receiver->begin(file.entry()); }, test::fails_with(ErrorKind::Exists, "is kept"));
  EXPECT_EQ(content_of("file"), "old");
}

/// Objects are received, while four threads write those that were received before.
TEST_F(DiskSinkTest, WritesOnManyThreads) {
  constexpr int kDirectories = 100;
  constexpr int kFiles = 20;
  target_in_memory();
  options_.open_directories = 3;
  std::mutex mutex;
  std::vector<std::pair<archive::Entry, std::unique_ptr<Receiver>>> received;
  bool is_all = false;
  const auto work = [&] {
    for (;;) {
      std::unique_lock lock(mutex);
      if (received.empty() && is_all) return;
      if (received.empty()) continue;
      const auto [entry, receiver] = std::move(received.back());
      received.pop_back();
      lock.unlock();
      receiver->begin(entry);
      if (entry.type == EntryType::File) receiver->write(0, std::as_bytes(std::span(entry.path)));
      receiver->finish();
    }
  };
  {
    constexpr std::size_t kThreads = 4;
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    sink();
    for (std::size_t thread = 0; thread < kThreads; ++thread) threads.emplace_back(work);
    const auto give = [&](const archive::Entry& entry) {
      auto receiver = sink().receive(entry);
      const std::scoped_lock lock(mutex);
      received.emplace_back(entry, std::move(receiver));
    };
    for (int directory = 0; directory < kDirectories; ++directory) {
      const std::string path = "d" + std::to_string(1000 + directory);
      give(directory_of(path));
      for (int file = 0; file < kFiles; ++file) {
        const std::string name = path + "/f" + std::to_string(100 + file);
        give(FileOf{.path = name, .content = name}.entry());
      }
    }
    const std::scoped_lock lock(mutex);
    is_all = true;
  }
  const SinkCounts counts = finish();

  EXPECT_EQ(counts.directories, 0U + kDirectories);
  EXPECT_EQ(counts.files, 0U + kDirectories * kFiles);
  for (const auto& directory : std::filesystem::directory_iterator(options_.target)) {
    const std::string name = directory.path().filename();
    EXPECT_EQ(mode_of(name), 0755U);
    EXPECT_EQ(status_of(name).st_mtim.tv_sec, 1'700'000'000);
    EXPECT_EQ(content_of(name + "/f119"), name + "/f119");
  }
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DiskSinkTest, RefusesNamesThatLeadOut) {
  restore_file({.path = "/etc/passwd"});
  restore_file({.path = "../outside/x"});
  restore_file({.path = "a/../../outside/x"});
  restore_file({.path = ""});

  EXPECT_THAT(told(), ElementsAre("refused /etc/passwd: its path is absolute",
                                  testing::StartsWith("refused ../outside/x: its path leads out"),
                                  testing::StartsWith("refused a/../../outside/x: its path leads out"),
                                  testing::StartsWith("refused its path leads out")));
  EXPECT_THAT(names_in(outside()), IsEmpty());
  EXPECT_THAT(names_in(options_.target), IsEmpty());
}

TEST_F(DiskSinkTest, KeepsTheFirstOfTwoEntriesOfOnePath) {
  restore_file({.path = "a", .content = "first"});
  restore_file({.path = "a", .content = "second"});
  restore(link_of("a", "third"));
  restore(directory_of("d"));
  restore(directory_of("e"));
  restore(directory_of("d"));
  finish();

  EXPECT_EQ(content_of("a"), "first");
  const std::string why = ": an entry before it has this path too, and is kept";
  EXPECT_THAT(told(), ElementsAre("refused a" + why, "refused a" + why, "refused d" + why));
}

TEST_F(DiskSinkTest, KeepsTheLaterOfTwoEntriesOfOnePathOfATarThatWasAppendedTo) {
  options_.later_replaces = true;
  restore_file({.path = "a", .content = "first"});
  restore_file({.path = "d/x", .content = "first"});
  restore_file({.path = "a", .content = "second"});
  restore(directory_of("d"));
  restore_file({.path = "d/x", .content = "second"});
  restore(link_of("a", "third"));
  finish();

  EXPECT_EQ(std::filesystem::read_symlink(at("a")), "third");
  EXPECT_EQ(content_of("d/x"), "second");
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DiskSinkTest, ReplacesWhatWasThereBeforeAlsoWhereTheOrderBeganAnew) {
  there("b/file");
  there("b/file2");
  let_the_clock_tick();
  restore_file({.path = "c", .content = "new"});
  restore_file({.path = "b/file", .content = "new"});
  restore_file({.path = "b/file2", .content = "new"});
  finish();

  EXPECT_EQ(content_of("b/file"), "new");
  EXPECT_EQ(content_of("b/file2"), "new");
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace osbackup::restore
