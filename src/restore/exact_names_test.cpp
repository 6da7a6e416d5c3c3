#include "restore/exact_names.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>
#include <vector>

#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

class ExactNamesTest : public testing::Test {
 protected:
  void file(const std::string& name) const { std::ofstream(folder_.path() / name) << "x"; }
  bool has(const std::string& name) { return names_.has(directory_.get(), name); }

  test::TemporaryFolder folder_;
  system::FileDescriptor directory_ = system::open_file(folder_.path(), {.flags = O_RDONLY | O_DIRECTORY});
  ExactNames names_;
};

TEST_F(ExactNamesTest, KnowsTheNamesThatAreThere) {
  file("File");
  file("\xff\n");
  EXPECT_TRUE(has("File"));
  EXPECT_TRUE(has("\xff\n"));
  EXPECT_FALSE(has("file"));
  EXPECT_FALSE(has("Fil"));
}

TEST_F(ExactNamesTest, FindsNamesThatCameLater) {
  EXPECT_FALSE(has("file"));
  file("file");
  EXPECT_TRUE(has("file"));
}

TEST_F(ExactNamesTest, MayBeAskedByManyThreads) {
  for (int i = 0; i < 500; ++i) file("name" + std::to_string(i));
  std::vector<std::jthread> threads;
  threads.reserve(4);
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) EXPECT_TRUE(has("name" + std::to_string(i)));
      EXPECT_FALSE(has("no name"));
    });
}

TEST_F(ExactNamesTest, KnowNothingOfWhatIsNoDirectory) {
  file("file");
  const system::FileDescriptor other = system::open_file(folder_.path() / "file", {.flags = O_RDONLY});
  EXPECT_FALSE(names_.has(other.get(), "file"));
}

}  // namespace
}  // namespace osbackup::restore
