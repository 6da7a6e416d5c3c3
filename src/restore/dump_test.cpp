#include "restore/dump.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <utility>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/object_archive.hpp"
#include "support/random_bytes.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::fails_with;
using test::ObjectArchive;

constexpr std::uint64_t kMebibyte = 1U << 20U;

class Output final : public ByteSink {
 public:
  void write(std::span<const std::byte> bytes) override { content.insert(content.end(), bytes.begin(), bytes.end()); }

  std::vector<std::byte> content;
};

/// Counts what is read of an archive.
class CountedRange final : public RangeReader {
 public:
  struct Counts {
    std::uint64_t reads = 0;
    std::uint64_t bytes = 0;
  };

  explicit CountedRange(std::shared_ptr<const RangeReader> range) : range_(std::move(range)) {}

  std::uint64_t size() const override { return range_->size(); }
  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    ++counts_.reads;
    counts_.bytes += out.size();
    range_->read(offset, out);
  }
  std::unique_ptr<ByteSource> stream(std::uint64_t offset, std::uint64_t length) const override {
    ++counts_.reads;
    counts_.bytes += length;
    return range_->stream(offset, length);
  }

  Counts counts() const { return counts_; }

 private:
  std::shared_ptr<const RangeReader> range_;
  mutable Counts counts_;
};

/// Is read well once, and gives nothing but zeros when it is streamed again.
class FadingRange final : public RangeReader {
 public:
  explicit FadingRange(std::shared_ptr<const RangeReader> range)
      : range_(std::move(range)), zeros_(std::vector<std::byte>(static_cast<std::size_t>(range_->size()))) {}

  std::uint64_t size() const override { return range_->size(); }
  void read(std::uint64_t offset, std::span<std::byte> out) const override { range_->read(offset, out); }
  std::unique_ptr<ByteSource> stream(std::uint64_t offset, std::uint64_t length) const override {
    return std::exchange(is_streamed_, true) ? zeros_.stream(offset, length) : range_->stream(offset, length);
  }

 private:
  std::shared_ptr<const RangeReader> range_;
  MemoryRange zeros_;
  mutable bool is_streamed_ = false;
};

std::vector<std::byte> content_of(std::size_t size, std::uint32_t seed) {
  return test::random_bytes({.size = size, .seed = seed});
}

std::vector<std::byte> dumped(std::shared_ptr<const RangeReader> bytes, const std::string& path,
                              std::stop_token stop = {}) {
  archive::ArchiveReader reader(std::move(bytes));
  Output output;
  RestoreProgress progress;
  dump(reader, {.path = path, .stop = std::move(stop)}, output, progress);
  EXPECT_EQ(progress.bytes, output.content.size());
  EXPECT_EQ(progress.bytes_total, output.content.size());
  return output.content;
}

/// An archive with an index.
class DumpTest : public testing::Test {
 protected:
  DumpTest() {
    etc_.push_back(ObjectArchive::directory("etc"));
    etc_.push_back(ObjectArchive::file("etc/big", content_of(3 * kMebibyte + 77, 1)));
    etc_.push_back(ObjectArchive::file("etc/empty", {}));
    etc_.push_back(ObjectArchive::link("etc/hard", EntryType::Hardlink, "etc/big"));
    etc_.back().entry.size = 3 * kMebibyte + 77;
    etc_.push_back(ObjectArchive::link("etc/link", EntryType::Symlink, "big"));
    etc_.push_back(ObjectArchive::file("etc/small", content_of(1000, 2)));
    etc_.push_back(ObjectArchive::link("etc/pipe", EntryType::Fifo, ""));
  }

  auto dumping(const std::string& path) const {
    return [this, path] { dumped(made_.build(), path); };
  }

  ObjectArchive made_;
  std::vector<ObjectArchive::Object>& etc_ = made_.directories["/etc"];
};

TEST_F(DumpTest, GivesTheContentOfFilesOfAnySize) {
  const auto archive = made_.build();

  EXPECT_EQ(dumped(archive, "etc/big"), content_of(3 * kMebibyte + 77, 1));
  EXPECT_EQ(dumped(archive, "etc/small"), content_of(1000, 2));
  EXPECT_EQ(dumped(archive, "etc/empty").size(), 0U);
}

TEST_F(DumpTest, FollowsAHardLink) { EXPECT_EQ(dumped(made_.build(), "etc/hard"), content_of(3 * kMebibyte + 77, 1)); }

TEST_F(DumpTest, GivesHolesAsZeros) {
  ObjectArchive::Object sparse = ObjectArchive::file("etc/sparse", content_of(700, 3));
  sparse.entry.size = 2 * kMebibyte;
  sparse.entry.sparse = true;
  sparse.entry.extents = {{.offset = 4096, .length = 512}, {.offset = kMebibyte, .length = 188}};
  etc_.push_back(sparse);

  std::vector<std::byte> expected(2 * kMebibyte);
  std::copy_n(sparse.content.begin(), 512, expected.begin() + 4096);
  std::copy_n(sparse.content.begin() + 512, 188, expected.begin() + kMebibyte);
  EXPECT_EQ(dumped(made_.build(), "etc/sparse"), expected);
}

TEST_F(DumpTest, SaysWhatToDoWithWhatIsNoFile) {
  EXPECT_THAT(dumping("etc"), fails_with(ErrorKind::Usage, "/etc is a directory: dump a file in it, or restore it"));
  EXPECT_THAT(dumping("etc/link"),
              fails_with(ErrorKind::Usage, "/etc/link is a symbolic link to big: dump what it leads to"));
  EXPECT_THAT(dumping("etc/pipe"), fails_with(ErrorKind::Usage, "/etc/pipe is a FIFO or a device"));
}

TEST_F(DumpTest, SaysThatAPathIsNotThere) {
  EXPECT_THAT(dumping("etc/none"), fails_with(ErrorKind::NotFound, "/etc/none is not in the archive"));
}

TEST_F(DumpTest, FindsContentWithAnotherDigest) {
  made_.change_content = [](std::vector<std::byte>& content) {
    if (!content.empty()) content.front() ^= std::byte{1};
  };

  EXPECT_THAT(dumping("etc/big"),
              fails_with(ErrorKind::Corrupt, "/etc/big: its content is not what was backed up: the digest"));
}

TEST_F(DumpTest, FindsThatTheTarHasAnotherEntry) {
  made_.change_tar_entry = [](archive::Entry& entry) { entry.path = "etc/other"; };

  EXPECT_THAT(dumping("etc/small"), fails_with(ErrorKind::Corrupt, "/etc/small: the tar has etc/other where"));
}

TEST_F(DumpTest, FindsAHardLinkThatLeadsNowhere) {
  etc_.push_back(ObjectArchive::link("etc/x", EntryType::Hardlink, "etc/none"));
  etc_.push_back(ObjectArchive::link("etc/y", EntryType::Hardlink, "etc/x"));

  EXPECT_THAT(dumping("etc/x"), fails_with(ErrorKind::Corrupt, "/etc/x: it is a hard link to etc/none, which the"));
  EXPECT_THAT(dumping("etc/y"), fails_with(ErrorKind::Corrupt, "/etc/y: it is a hard link to another hard link"));
}

TEST_F(DumpTest, EndsWhenItIsStopped) {
  std::stop_source stop;
  stop.request_stop();

  EXPECT_THAT([&] { dumped(made_.build(), "etc/big", stop.get_token()); }, fails_with(ErrorKind::Cancelled, "stopped"));
}

TEST_F(DumpTest, OfAMebibyteReadsLittleOfALargeArchive) {
  for (int i = 0; i < 60; ++i)
    etc_.push_back(ObjectArchive::file(fmt::format("etc/z{:02}", i), content_of(kMebibyte - 512, 1)));
  etc_.push_back(ObjectArchive::link("etc/zz", EntryType::Hardlink, "etc/z30"));
  const auto archive = made_.build();
  ASSERT_GT(archive->size(), 60 * kMebibyte);

  for (const char* path : {"etc/z30", "etc/zz"}) {
    const auto counted = std::make_shared<CountedRange>(archive);
    EXPECT_EQ(dumped(counted, path), content_of(kMebibyte - 512, 1));
    EXPECT_LE(counted->counts().reads, 5U) << path;
    EXPECT_LT(counted->counts().bytes, 2 * kMebibyte) << path;
  }
}

/// Archives made with the host's tar and zip.
class SequentialDumpTest : public testing::Test {
 protected:
  SequentialDumpTest() { run("mkdir etc && seq 100000 > etc/a && ln etc/a etc/b && truncate -s 1M etc/sparse"); }

  void run(const std::string& script) const { test::output_of({.text = script, .directory = folder_.path()}); }

  std::shared_ptr<const RangeReader> range() const {
    return std::make_shared<system::FileRange>(folder_.path() / "a.zip");
  }
  std::string dumped_text(const std::string& path) const {
    const std::vector<std::byte> bytes = dumped(range(), path);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  std::string expected() const { return system::read_file(folder_.path() / "etc/a", kMebibyte); }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(SequentialDumpTest, GivesTheContentFromWhateverTarHasIt) {
  run("tar -czSf 1.tgz etc/sparse && tar -czf 2.tgz etc/a etc/b && zip -q0 a.zip 1.tgz 2.tgz");

  EXPECT_EQ(dumped_text("etc/a"), expected());
  EXPECT_EQ(dumped_text("etc/b"), expected());
  EXPECT_EQ(dumped_text("etc/sparse"), std::string(kMebibyte, '\0'));
  EXPECT_THAT([&] { dumped_text("etc/c"); }, fails_with(ErrorKind::NotFound, "/etc/c is not in the archive"));
}

TEST_F(SequentialDumpTest, GivesTheLastOfAPath) {
  run("tar -cf 1.tar etc/a && cp etc/sparse etc/new && tar -rf 1.tar --transform=s,new,a, etc/new && zip -q0 a.zip "
      "1.tar");
  EXPECT_EQ(dumped_text("etc/a"), std::string(kMebibyte, '\0'));

  run("echo newest > etc/newest && ln -f etc/newest etc/a && tar -rf 1.tar etc/newest etc/a && zip -q0 a.zip 1.tar");
  EXPECT_EQ(dumped_text("etc/a"), "newest\n");
}

TEST_F(SequentialDumpTest, IsNoSuccessWhenTheArchiveCannotBeReadTheSecondTime) {
  run("tar -czf 1.tgz etc/a && zip -q0 a.zip 1.tgz");

  EXPECT_THAT([&] { dumped(std::make_shared<FadingRange>(range()), "etc/a"); },
              fails_with(ErrorKind::Corrupt, "it was in the archive, and is not when that is read once more"));
}

TEST_F(SequentialDumpTest, ChecksTheRestOfTheTar) {
  run("tar -czf 1.tgz etc/a etc/sparse && truncate -s -4 1.tgz && zip -q0 a.zip 1.tgz");

  EXPECT_THAT([&] { dumped_text("etc/a"); },
              fails_with(ErrorKind::Corrupt, "older than the last of its name: 1.tgz: byte "));
}

TEST_F(SequentialDumpTest, LooksBehindADamagedTar) {
  run("echo > 1.tgz && tar -czf 2.tgz etc/a && zip -q0 a.zip 1.tgz 2.tgz");

  EXPECT_EQ(dumped_text("etc/a"), expected());
  EXPECT_THAT([&] { dumped_text("etc/c"); },
              fails_with(ErrorKind::Corrupt, "/etc/c: it is not in what can be read of the archive: 1.tgz: "));
}

}  // namespace
}  // namespace osbackup::restore
