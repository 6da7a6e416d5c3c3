#include "backup/scratch_file.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

using test::fails_with;

class Gathered final : public ByteSink {
 public:
  void write(std::span<const std::byte> bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  const std::vector<std::byte>& bytes() const noexcept { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

class ScratchFileTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::vector<std::byte> content_ = test::random_bytes({.size = 1U << 20U, .seed = 1});
};

TEST_F(ScratchFileTest, GivesBackWhatItWasGivenAndHasNoName) {
  ScratchFile file(folder_.path(), "the index");
  file.write(content_);
  file.write(std::span(content_).first(17));

  Gathered all;
  file.copy_to(all);

  std::vector<std::byte> expected = content_;
  expected.insert(expected.end(), content_.begin(), content_.begin() + 17);
  EXPECT_EQ(all.bytes(), expected);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ScratchFileTest, WhatWasWrittenIsReadAndReplacedInPlace) {
  ScratchFile file(folder_.path(), "the index");
  file.write(content_);

  file.overwrite(1000, std::span(content_).first(50));
  file.write(std::span(content_).first(17));

  std::vector<std::byte> found(60);
  file.read(995, found);
  std::vector<std::byte> expected(content_.begin() + 995, content_.begin() + 1055);
  std::copy_n(content_.begin(), 50, expected.begin() + 5);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(file.size(), content_.size() + 17);
  EXPECT_THAT([&] { file.read(content_.size(), found); }, fails_with(ErrorKind::Corrupt, "the index ends too early"));
}

TEST_F(ScratchFileTest, AFullDiskNamesThePlaceTheSizeReachedAndTheRemedies) {
  ASSERT_EQ(mount("none", folder_.path().c_str(), "tmpfs", 0, "size=2m"), 0) << "this test must run as root";
  const std::shared_ptr<void> mounted(nullptr, [&](void*) { umount2(folder_.path().c_str(), MNT_DETACH); });
  {
    ScratchFile file(folder_.path(), "the index");
    const std::function<void()> write = [&] {
      for (int i = 0; i < 3; ++i) file.write(content_);
    };
    EXPECT_THAT(write, fails_with(ErrorKind::NoSpace,
                                  "write the index to " + folder_.path().string() +
                                      ": No space left on device, when it had reached 2.0 MiB: make room, or set [Run] "
                                      "workdir to a directory on a larger file system; [Archive] spool = memory keeps "
                                      "the archive itself off the disk"));
  }
}

}  // namespace
}  // namespace osbackup::backup
