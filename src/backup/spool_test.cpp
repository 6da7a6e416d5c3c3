#include "backup/spool.hpp"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>

#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;
using test::fails_with;

constexpr std::size_t kRingBytes = 1000;

/// All that a reader gets, in pieces of at most `step` bytes.
std::vector<std::byte> read_all(ArchiveSource& source, std::size_t step, const std::stop_token& stop = {}) {
  std::vector<std::byte> all;
  std::vector<std::byte> piece(step);
  while (const std::size_t count = source.read(all.size(), piece, stop))
    all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
  return all;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void write_in_steps(Spool& spool, std::span<const std::byte> bytes, std::size_t step) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(step, bytes.size());
    spool.write(bytes.first(count));
    bytes = bytes.subspan(count);
  }
}

enum class Place { Disk, Memory };

/// What both spools promise.
class SpoolTest : public testing::TestWithParam<Place> {
 protected:
  SpoolTest() {
    if (GetParam() == Place::Disk)
      spool_ = std::make_unique<DiskSpool>(folder_.path() / "archive.zip");
    else
      spool_ = std::make_unique<MemorySpool>(kRingBytes);
  }
  /// Writes on another thread what is read on this one.
  std::vector<std::byte> through(std::size_t write_step, std::size_t read_step) {
    const std::jthread writer([&] {
      write_in_steps(*spool_, content_, write_step);
      spool_->finish();
    });
    return read_all(*spool_, read_step);
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<Spool> spool_;
  const std::vector<std::byte> content_ = test::random_bytes({.size = 50'000, .seed = 9});
};

TEST_P(SpoolTest, ALargeReaderGetsWhatASmallWriterWrites) { EXPECT_EQ(through(17, 4'000), content_); }

TEST_P(SpoolTest, ASmallReaderGetsWhatALargeWriterWrites) { EXPECT_EQ(through(4'000, 17), content_); }

TEST_P(SpoolTest, AReaderGetsBlocksAsLargeAsTheMemory) { EXPECT_EQ(through(kRingBytes, kRingBytes), content_); }

TEST_P(SpoolTest, AReaderThatIsFasterWaitsForEachByte) {
  std::vector<std::byte> got;
  std::barrier step(2);
  const std::jthread writer([&] {
    for (const std::byte byte : std::span(content_).first(20)) {
      spool_->write({&byte, 1});
      step.arrive_and_wait();  // The reader has taken it, and asks for the next before it is there.
    }
    spool_->finish();
  });
  std::vector<std::byte> buffer(100);
  while (const std::size_t count = spool_->read(got.size(), buffer, {})) {
    ASSERT_EQ(count, 1U);
    got.push_back(buffer.front());
    step.arrive_and_wait();
  }

  EXPECT_TRUE(std::ranges::equal(got, std::span(content_).first(20)));
}

TEST_P(SpoolTest, TheSizeIsKnownAtTheEnd) {
  spool_->write(std::span(content_).first(500));
  EXPECT_EQ(spool_->size(), std::nullopt);

  spool_->finish();

  EXPECT_EQ(spool_->size(), 500U);
}

TEST_P(SpoolTest, AnEmptyArchiveEndsAtOnce) {
  spool_->finish();

  std::vector<std::byte> buffer(10);
  EXPECT_EQ(spool_->read(0, buffer, {}), 0U);
}

TEST_P(SpoolTest, AFailureAtEveryPlaceIsToldToTheReader) {
  for (std::size_t place = 0; place <= 60; ++place) {
    std::unique_ptr<Spool> spool;
    if (GetParam() == Place::Disk)
      spool = std::make_unique<DiskSpool>(folder_.path() / std::to_string(place));
    else
      spool = std::make_unique<MemorySpool>(16);
    const std::jthread writer([&] {
      write_in_steps(*spool, std::span(content_).first(place), 7);
      spool->abandon("the maker failed");
    });

    EXPECT_THAT([&] { read_all(*spool, 5); }, fails_with(ErrorKind::Cancelled, "the maker failed")) << place;
  }
}

TEST_P(SpoolTest, AReaderThatWaitsStopsWhenItIsToldTo) {
  std::stop_source stop;
  spool_->write(std::span(content_).first(10));
  ErrorKind kind = ErrorKind::Internal;
  std::barrier has_read(2);
  {
    const std::jthread reader([&] {
      std::vector<std::byte> buffer(10);
      spool_->read(0, buffer, stop.get_token());
      has_read.arrive_and_wait();
      try {
        spool_->read(10, buffer, stop.get_token());
      } catch (const Error& error) {
        kind = error.kind();
      }
    });
    has_read.arrive_and_wait();
    stop.request_stop();
  }
  EXPECT_EQ(kind, ErrorKind::Cancelled);
}

INSTANTIATE_TEST_SUITE_P(EverySpool, SpoolTest, testing::Values(Place::Disk, Place::Memory),
                         [](const auto& tested) { return tested.param == Place::Disk ? "Disk" : "Memory"; });

class DiskSpoolTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  const fs::path file_ = folder_.path() / "archive.zip";
  const std::vector<std::byte> content_ = test::random_bytes({.size = 3'000'000, .seed = 9});
};

TEST_F(DiskSpoolTest, KeepsTheArchiveAfterItsEnd) {
  {
    DiskSpool spool(file_);
    write_in_steps(spool, content_, 1U << 20U);
    spool.finish();
    EXPECT_EQ(spool.file(), file_);
  }
  const system::FileRange kept(file_);
  std::vector<std::byte> bytes(kept.size());
  kept.read(0, bytes);
  EXPECT_EQ(bytes, content_);
}

TEST_F(DiskSpoolTest, CanBeReadAgainWhileItGrows) {
  DiskSpool spool(file_);
  spool.write(std::span(content_).first(2'000));
  std::vector<std::byte> buffer(1'000);
  spool.read(1'000, buffer, {});
  spool.write(std::span(content_).subspan(2'000, 500));

  EXPECT_EQ(spool.read(300, buffer, {}), 1'000U);

  EXPECT_TRUE(spool.can_go_back());
  EXPECT_TRUE(std::ranges::equal(buffer, std::span(content_).subspan(300, 1'000)));
}

TEST_F(DiskSpoolTest, AdoptsAFileThatAnEngineMade) {
  const fs::path made = folder_.path() / "made.zip";
  system::write_file_durably(made, "made elsewhere");
  DiskSpool spool(file_);

  spool.adopt(made);
  spool.finish();

  EXPECT_EQ(read_all(spool, 4), bytes_of("made elsewhere"));
  EXPECT_EQ(spool.file(), made);
  EXPECT_EQ(spool.size(), 14U);
}

TEST_F(DiskSpoolTest, NeverWritesIntoWhatIsThereAlready) {
  system::write_file_durably(file_, "somebody's");
  DiskSpool spool(file_);

  EXPECT_THAT([&] { spool.write(content_); }, fails_with(ErrorKind::Exists, file_.string()));
  EXPECT_EQ(system::read_file(file_, 100), "somebody's");
}

TEST_F(DiskSpoolTest, AReaderThatFailedIsNothingToTheWriter) {
  DiskSpool spool(file_);
  spool.stop_reading(Error(ErrorKind::Unavailable, "the server is gone"));

  spool.write(content_);

  EXPECT_EQ(spool.refusal(), std::nullopt);
}

TEST_F(DiskSpoolTest, AFullDiskNamesTheSizeReachedAndTheRemedies) {
  ASSERT_EQ(mount("none", folder_.path().c_str(), "tmpfs", 0, "size=2m"), 0) << "this test must run as root";
  {
    DiskSpool spool(file_);
    const std::function<void()> write = [&] { write_in_steps(spool, content_, 1U << 20U); };
    EXPECT_THAT(write, fails_with(ErrorKind::NoSpace,
                                  "No space left on device, when the archive had reached 2.0 MiB: make room, set [Run] "
                                  "workdir to a directory on a larger file system, or set [Archive] spool = memory"));
  }
  EXPECT_EQ(umount(folder_.path().c_str()), 0);
}

class MemorySpoolTest : public testing::Test {
 protected:
  /// What the writer is told after the reader took that many bytes and failed.
  void expect_refusal_after(std::size_t taken) {
    MemorySpool spool(16);
    std::jthread reader([&] {
      std::vector<std::byte> buffer(4);
      std::uint64_t offset = 0;
      while (offset < taken)
        offset += spool.read(offset, std::span(buffer).first(std::min<std::size_t>(4, taken - offset)), {});
      spool.stop_reading(Error(ErrorKind::LoginRefused, "upload: 530 Login incorrect"));
    });

    EXPECT_THAT([&] { write_in_steps(spool, content_, 7); },
                fails_with(ErrorKind::LoginRefused, "upload: 530 Login incorrect"))
        << taken;
    EXPECT_EQ(spool.refusal()->kind(), ErrorKind::LoginRefused);
  }

  const std::vector<std::byte> content_ = test::random_bytes({.size = 5'000, .seed = 9});
};

TEST_F(MemorySpoolTest, AReaderThatFailsAtAnyPlaceIsTheWritersFailure) {
  for (std::size_t taken = 0; taken <= 60; ++taken) expect_refusal_after(taken);
}

TEST_F(MemorySpoolTest, TheFirstFailureIsTheOneThatIsTold) {
  MemorySpool spool(16);
  spool.stop_reading(Error(ErrorKind::Unavailable, "first"));
  spool.stop_reading(Error(ErrorKind::Internal, "second"));
  EXPECT_EQ(spool.refusal(), std::nullopt) << "nothing was refused yet";

  EXPECT_THAT([&] { spool.write(content_); }, fails_with(ErrorKind::Unavailable, "first"));
}

TEST_F(MemorySpoolTest, HoldsNoMoreThanItsMemory) {
  MemorySpool spool(1'000);
  std::atomic<std::size_t> written = 0;
  const std::jthread writer([&] {
    for (const std::byte byte : content_) {
      spool.write({&byte, 1});
      ++written;
    }
    spool.finish();
  });
  std::vector<std::byte> buffer(content_.size());
  for (std::uint64_t offset = 0; offset < content_.size();) {
    const std::size_t count = spool.read(offset, buffer, {});
    EXPECT_LE(count, 1'000U);
    offset += count;
    EXPECT_LE(written.load(), offset + 1'000U);
  }
}

TEST_F(MemorySpoolTest, CannotGoBack) {
  MemorySpool spool(1'000);
  spool.write(std::span(content_).first(100));
  std::vector<std::byte> buffer(50);
  spool.read(0, buffer, {});

  EXPECT_FALSE(spool.can_go_back());
  EXPECT_EQ(spool.file(), std::nullopt);
  EXPECT_THAT([&] { spool.read(0, buffer, {}); }, fails_with(ErrorKind::Internal, "read there once already"));
}

TEST_F(MemorySpoolTest, TakesWhatAnEngineMadeAsAFile) {
  const test::TemporaryFolder folder;
  const fs::path made = folder.path() / "made.zip";
  system::write_file_durably(made, "made elsewhere");
  MemorySpool spool(4);
  const std::jthread engine([&] {
    spool.adopt(made);
    spool.finish();
  });

  EXPECT_EQ(read_all(spool, 3), bytes_of("made elsewhere"));
}

}  // namespace
}  // namespace osbackup::backup
