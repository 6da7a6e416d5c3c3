#include "restore/deferred_metadata.hpp"

#include <gmock/gmock.h>

#include "support/sink_test.hpp"
#include "system/file.hpp"
#include "system/inode_flags.hpp"

namespace osbackup::restore {
namespace {

using testing::ElementsAre;
using testing::Pair;

class DeferredMetadataTest : public test::SinkTest {
 protected:
  DeferredMetadata::Object object_at(const std::string& path) const {
    const struct stat status = status_of(path);
    return {.path = path, .device = status.st_dev, .inode = status.st_ino, .letters = "d"};
  }
  std::string flags(const std::string& path) const {
    return system::inode_flags(system::open_file(at(path), {.flags = O_RDONLY}).get());
  }
  void apply() { deferred_.apply(open_target(options_).beneath, log_); }

  DeferredMetadata deferred_;
};

TEST_F(DeferredMetadataTest, AreSetInTheEnd) {
  there("a/file");
  ASSERT_TRUE(deferred_.add(object_at("a/file")));
  ASSERT_TRUE(deferred_.add(object_at("a")));
  EXPECT_EQ(flags("a/file"), "");
  apply();

  EXPECT_EQ(flags("a/file"), "d");
  EXPECT_EQ(flags("a"), "d");
}

TEST_F(DeferredMetadataTest, AreNotGivenToWhatTookAnothersPlace) {
  there("a");
  there("b");
  there("c/file");
  std::ofstream(outside() / "file") << "outside";
  for (const char* path : {"a", "b", "c/file"}) ASSERT_TRUE(deferred_.add(object_at(path)));
  there("other");
  std::filesystem::rename(at("other"), at("a"));
  std::filesystem::remove(at("b"));
  std::filesystem::rename(at("c"), at("aside"));
  there_link("c", at("aside"));
  apply();

  EXPECT_EQ(flags("a"), "");
  EXPECT_EQ(flags("aside/file"), "");
  EXPECT_THAT(log_.counts().not_set, ElementsAre(Pair("inode flag d", 3U)));
}

TEST_F(DeferredMetadataTest, TakeABoundedAmountOfMemory) {
  DeferredMetadata::Object object{.path = std::string(1U << 20U, 'p'), .device = 0, .inode = 0, .letters = "i"};
  int taken = 0;
  while (deferred_.add(object)) ++taken;

  EXPECT_EQ(taken, 15);
}

}  // namespace
}  // namespace osbackup::restore
