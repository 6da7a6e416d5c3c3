#include "restore/target_tree.hpp"

#include <gmock/gmock.h>
#include <pthread.h>

#include <atomic>
#include <functional>
#include <iterator>
#include <thread>

#include "restore/entry_path.hpp"
#include "support/fails_with.hpp"
#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using test::directory_of;
using test::FileOf;
using test::link_of;
using test::tells_once;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

/// Both ways of going along a path are tried.
class TargetTreeTest : public test::SinkTest, public testing::WithParamInterface<system::PathWalk> {
 protected:
  TargetTreeTest() { options_.walk = GetParam(); }
};

TEST_P(TargetTreeTest, FollowsNoLinkThatIsThere) {
  there_link("a", outside());
  there_link("b", "c");
  there_directory("c");
  restore(directory_of("a"));
  restore_file({.path = "a/x"});
  restore_file({.path = "a/y/z"});
  restore_file({.path = "b/x"});
  finish();

  EXPECT_THAT(told(), SizeIs(4));
  EXPECT_THAT(told(), Each(HasSubstr(" is a link in the target, and is not followed")));
  EXPECT_THAT(names_in(outside()), IsEmpty());
  EXPECT_THAT(names_in(at("c")), IsEmpty());
  EXPECT_TRUE(std::filesystem::is_symlink(at("a"))) << "it may be how this system is laid out";
}

TEST_P(TargetTreeTest, FollowsNoLinkThatAnEarlierEntryMade) {
  restore(link_of("a", outside().string()));
  restore_file({.path = "a/x"});
  restore(directory_of("a"));
  restore_file({.path = "a/y"});

  EXPECT_THAT(told(), SizeIs(3));
  EXPECT_THAT(told(), Each(HasSubstr("refused a")));
  EXPECT_THAT(names_in(outside()), IsEmpty());
}

TEST_P(TargetTreeTest, FollowsNoLinkThatTakesADirectorysPlaceMeanwhile) {
  options_.open_directories = 1;
  restore(directory_of("a"));
  const FileOf file{.path = "a/file"};
  const auto receiver = sink().receive(file.entry());
  restore_file({.path = "b/x"});
  std::filesystem::rename(at("a"), at("aside"));
  there_link("a", outside());

  EXPECT_THAT([&] { receiver->begin(file.entry()); },
              test::fails_with(ErrorKind::Refused, "its directory was replaced while it was restored"));
  EXPECT_THAT(names_in(outside()), IsEmpty());
}

TEST_P(TargetTreeTest, WritesIntoNoDirectoryThatTookAnothersPlace) {
  options_.open_directories = 1;
  restore(directory_of("a"));
  const FileOf file{.path = "a/file"};
  auto receiver = sink().receive(file.entry());
  restore_file({.path = "b/x"});
  std::filesystem::rename(at("a"), at("aside"));
  there_directory("a");
  const mode_t mode = mode_of("a");

  EXPECT_THAT([&] { receiver->begin(file.entry()); },
              test::fails_with(ErrorKind::Refused, "its directory was replaced while it was restored"));
  receiver.reset();
  EXPECT_THAT(names_in(at("a")), IsEmpty());
  EXPECT_EQ(mode_of("a"), mode);
  EXPECT_THAT(told(), tells_once("failed a: its owner, mode and times cannot be set", "replaced"));
}

TEST_P(TargetTreeTest, GoesOnInADirectoryThatWasMovedWhileItIsOpen) {
  restore(directory_of("a"));
  std::filesystem::rename(at("a"), at("aside"));
  there_link("a", outside());
  restore_file({.path = "a/file"});

  EXPECT_THAT(names_in(outside()), IsEmpty());
  EXPECT_THAT(names_in(at("aside")), ElementsAre("file"));
}

TEST_P(TargetTreeTest, KeepsFewDirectoriesOpen) {
  target_in_memory();
  options_.open_directories = 10;
  const std::size_t before = open_descriptors();
  std::vector<std::unique_ptr<Receiver>> receivers;
  std::vector<FileOf> files;
  for (int i = 0; i < 200; ++i) {
    const std::string directory = "d" + std::to_string(1000 + i);
    restore(directory_of(directory));
    files.push_back({.path = directory + "/file"});
    receivers.push_back(sink().receive(files.back().entry()));
  }
  EXPECT_LE(open_descriptors(), before + 12);
  for (std::size_t i = 0; i < files.size(); ++i) {
    receivers[i]->begin(files[i].entry());
    receivers[i]->write(0, std::as_bytes(std::span(files[i].content)));
    receivers[i]->finish();
    receivers[i].reset();
  }
  const SinkCounts counts = finish();

  EXPECT_EQ(counts.files, 200U);
  EXPECT_EQ(mode_of("d1000"), 0755U);
  EXPECT_EQ(mode_of("d1199"), 0755U);
  EXPECT_THAT(told(), IsEmpty());
}

/// Runs something on a thread with little stack.
void with_little_stack(const std::function<void()>& work) {
  pthread_attr_t attributes;
  ASSERT_EQ(pthread_attr_init(&attributes), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 256U << 10U), 0);
  pthread_t thread{};
  const auto run = [](void* pointer) -> void* {
    (*static_cast<const std::function<void()>*>(pointer))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, const_cast<std::function<void()>*>(&work)), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  pthread_attr_destroy(&attributes);
}

TEST_P(TargetTreeTest, RestoresFiveThousandLevelsWithFewDescriptorsAndLittleStack) {
  target_in_memory();
  constexpr int kLevels = 5000;
  std::string path = "d";
  const std::size_t before = open_descriptors();
  options_.open_directories = 100;
  std::size_t open_max = 0;
  with_little_stack([&] {
    for (int level = 1; level < kLevels; ++level) {
      restore(directory_of(path));
      path += "/d";
    }
    restore_file({.path = path, .content = "deep"});
    open_max = open_descriptors();
    finish();
  });

  EXPECT_LE(open_max, before + 105);
  EXPECT_EQ(sink().counts().directories, kLevels - 1U);
  EXPECT_EQ(sink().counts().files, 1U);
  EXPECT_THAT(told(), IsEmpty());
  const system::FileDescriptor deepest = find_target(options_)->open_directory(parent_of(path), O_RDONLY);
  struct stat status {};
  ASSERT_EQ(fstatat(deepest.get(), "d", &status, 0), 0);
  EXPECT_EQ(status.st_size, 4);
  ASSERT_EQ(fstat(deepest.get(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0755U);
  EXPECT_EQ(status.st_mtim.tv_nsec, 123'456'789);
}

TEST_P(TargetTreeTest, LetsGoOfAHundredThousandLevelsWithLittleStack) {
  target_in_memory();
  std::string path = "d";
  while (path.size() + 2 <= archive::kPathBytesMax) path += "/d";
  with_little_stack([&] {
    restore_file({.path = path});
    restore_file({.path = "near"});
  });

  EXPECT_EQ(finish().files, 2U);
}

TEST_P(TargetTreeTest, RestoresTheLongestPathThereIs) {
  target_in_memory();
  std::string path = std::string(254, 'd');
  while (path.size() + 256 <= archive::kPathBytesMax) path += "/" + std::string(255, 'd');
  restore_file({.path = path, .content = "far"});
  restore_file({.path = "near"});
  const SinkCounts counts = finish();

  EXPECT_EQ(counts.files, 2U);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_P(TargetTreeTest, TellsWhatCannotBeMade) {
  there_directory("");
  restore_file({.path = "a/" + std::string(300, 'n') + "/x"});

  EXPECT_THAT(told(), tells_once("failed a/", "cannot be made: File name too long"));
}

/// Swaps directories of the target for links that lead out, while objects are restored into them.
TEST_P(TargetTreeTest, IsLedNowhereByLinksThatComeAndGo) {
  constexpr int kObjects = 4000;
  target_in_memory();
  options_.open_directories = 2;
  for (const char* name : {"a", "a/b", "c"}) std::filesystem::create_directories(outside() / name);
  std::atomic<bool> ended = false;
  std::atomic<int> swaps = 0;
  sink();
  std::jthread attacker([&] {
    const auto swap = [&](const std::string& name, const std::filesystem::path& to) {
      const std::string aside = at(name).string() + ".aside";
      if (rename(at(name).c_str(), aside.c_str()) != 0) return;
      if (symlink(to.c_str(), at(name).c_str()) == 0 && unlink(at(name).c_str()) == 0) ++swaps;
      // What the restore made meanwhile is moved out of the way.
      if (rename(aside.c_str(), at(name).c_str()) != 0) std::filesystem::remove_all(aside);
    };
    while (!ended) {
      swap("a", outside() / "a");
      swap("a/b", outside() / "a" / "b");
      swap("c", outside() / "c");
    }
  });
  int refused = 0;
  for (int i = 0; i < kObjects; ++i) {
    const std::string number = std::to_string(i);
    const std::size_t before = troubles_.size();
    restore_file({.path = "a/b/x" + number});
    restore(link_of("a/y" + number, "x"));
    restore(directory_of("a/b/z" + number));
    restore(test::hardlink_of("c/l" + number, "a/b/x" + number));
    if (troubles_.size() > before) ++refused;
  }
  finish();
  ended = true;
  attacker.join();

  EXPECT_THAT(names_in(outside()), ElementsAre("a", "c"));
  EXPECT_THAT(names_in(outside() / "a"), ElementsAre("b"));
  EXPECT_THAT(names_in(outside() / "a/b"), IsEmpty());
  EXPECT_THAT(names_in(outside() / "c"), IsEmpty());
  EXPECT_GT(swaps, 100);
  EXPECT_GT(refused, 0) << "the race was never run";
}

std::string name_of_walk(const testing::TestParamInfo<system::PathWalk>& walk) {
  return walk.param == system::PathWalk::InKernel ? "InKernel" : "StepByStep";
}

INSTANTIATE_TEST_SUITE_P(Walks, TargetTreeTest,
                         testing::Values(system::PathWalk::InKernel, system::PathWalk::StepByStep), name_of_walk);

}  // namespace
}  // namespace osbackup::restore
