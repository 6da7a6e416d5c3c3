#include "backup/archive_job.hpp"

#include <gmock/gmock.h>

#include <semaphore>
#include <stdexcept>
#include <thread>

#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

using testing::HasSubstr;

constexpr std::size_t kBytes = 100'000;

/// An engine that writes as a test tells it.
class ScriptedEngine final : public Engine {
 public:
  using Script = std::function<void(Spool&, const std::stop_token&)>;
  explicit ScriptedEngine(Script script) : script_(std::move(script)) {}

  MadeArchive make(const ArchivePlan&, RunObserver observer, Spool& spool, std::stop_token stop) override {
    observer.progress.stage = Stage::Archiving;
    script_(spool, stop);
    return {.bytes = kBytes, .files = 3, .source_bytes = 5 * kBytes};
  }

 private:
  Script script_;
};

class ArchiveJobTest : public testing::Test {
 protected:
  using Send = std::function<Delivered(ArchiveSource&)>;

  ArchiveEnd run(Spool& spool, ScriptedEngine::Script script, Send send) {
    // A job's own: a stop that was requested in an earlier one would end this one's upload at once.
    stop_sending_ = std::stop_source();
    ScriptedEngine engine(std::move(script));
    const ArchivePlan plan;
    return make_and_send({.engine = engine,
                          .plan = plan,
                          .observer = {.progress = progress_, .warnings = warnings_},
                          .spool = spool,
                          .send = std::move(send),
                          .on_made =
                              [this](const MadeArchive&) {
                                published_when_made_ = published_;
                                ++made_;
                              },
                          .stop = stop_.get_token(),
                          .stop_sending = stop_sending_});
  }
  void write_all(Spool& spool) const { spool.write(bytes_); }
  /// Reads to the end and publishes.
  Delivered take_all(ArchiveSource& archive) {
    std::vector<std::byte> buffer(1'000);
    std::uint64_t offset = 0;
    while (const std::size_t count = archive.read(offset, buffer, stop_sending_.get_token())) offset += count;
    EXPECT_EQ(offset, kBytes);
    EXPECT_EQ(progress_.stage, Stage::Uploading);
    published_ = true;
    return {.name = {}, .sha256 = "digest", .verified = true};
  }
  [[noreturn]] static Delivered refuse(ArchiveSource&) {
    throw Error(ErrorKind::LoginRefused, "upload: 530 Login incorrect");
  }

  test::TemporaryFolder folder_;
  const std::vector<std::byte> bytes_ = test::random_bytes({.size = kBytes, .seed = 4});
  DiskSpool disk_{folder_.path() / "archive.zip"};
  MemorySpool memory_{4'000};
  Progress progress_;
  WarningLog warnings_{[](const Warning&) {}};
  std::stop_source stop_;
  std::stop_source stop_sending_;
  std::atomic<bool> published_ = false;
  bool published_when_made_ = false;
  unsigned made_ = 0;
};

TEST_F(ArchiveJobTest, MakesAndPublishes) {
  for (Spool* spool : {static_cast<Spool*>(&disk_), static_cast<Spool*>(&memory_)}) {
    const ArchiveEnd end = run(
        *spool, [&](Spool& out, const std::stop_token&) { write_all(out); },
        [&](ArchiveSource& archive) { return take_all(archive); });

    ASSERT_TRUE(end.made && end.delivered);
    EXPECT_FALSE(end.making_failure || end.sending_failure);
    EXPECT_EQ(end.made->files, 3U);
    EXPECT_EQ(end.delivered->sha256, "digest");
    EXPECT_EQ(progress_.total_bytes, kBytes);
    EXPECT_FALSE(stop_sending_.stop_requested());
    published_ = false;
  }
  EXPECT_EQ(made_, 2U);
}

TEST_F(ArchiveJobTest, WhatIsCompleteIsToldBeforeItCanBePublished) {
  run(
      disk_, [&](Spool& out, const std::stop_token&) { write_all(out); },
      [&](ArchiveSource& archive) { return take_all(archive); });

  EXPECT_FALSE(published_when_made_);
  EXPECT_TRUE(published_);
}

TEST_F(ArchiveJobTest, AnEngineThatFailsEndsTheUpload) {
  for (Spool* spool : {static_cast<Spool*>(&disk_), static_cast<Spool*>(&memory_)}) {
    ErrorKind seen = ErrorKind::Internal;

    const ArchiveEnd end = run(
        *spool,
        [&](Spool& out, const std::stop_token&) {
          out.write(std::span(bytes_).first(1'000));
          throw Error(ErrorKind::NoSpace, "the disk is full");
        },
        [&](ArchiveSource& archive) {
          try {
            return take_all(archive);
          } catch (const Error& error) {
            seen = error.kind();
            throw;
          }
        });

    ASSERT_TRUE(end.making_failure);
    EXPECT_EQ(end.making_failure->kind(), ErrorKind::NoSpace);
    EXPECT_FALSE(end.made || end.delivered || end.sending_failure);
    EXPECT_EQ(seen, ErrorKind::Cancelled);
    EXPECT_EQ(made_, 0U);
  }
}

TEST_F(ArchiveJobTest, AnEngineThatFailsEndsAlsoAnUploadThatDoesNotWaitForBytes) {
  const ArchiveEnd end = run(
      disk_, [](Spool&, const std::stop_token&) { throw Error(ErrorKind::Internal, "tar failed"); },
      [&](ArchiveSource&) -> Delivered {
        // A connection that stands still, or the pause before the next attempt: only the stop ends them.
        std::binary_semaphore stopped(0);
        const std::stop_callback wake(stop_sending_.get_token(), [&] { stopped.release(); });
        stopped.acquire();
        throw Error(ErrorKind::Cancelled, "the upload was stopped");
      });

  EXPECT_EQ(end.making_failure->kind(), ErrorKind::Internal);
  EXPECT_FALSE(end.sending_failure);
}

TEST_F(ArchiveJobTest, WithADiskTheArchiveIsMadeAlthoughTheUploadFailed) {
  const ArchiveEnd end = run(
      disk_, [&](Spool& out, const std::stop_token&) { write_all(out); }, refuse);

  ASSERT_TRUE(end.made && end.sending_failure);
  EXPECT_EQ(end.sending_failure->kind(), ErrorKind::LoginRefused);
  EXPECT_FALSE(end.making_failure || end.delivered);
  EXPECT_EQ(made_, 1U);
  EXPECT_EQ(std::filesystem::file_size(folder_.path() / "archive.zip"), kBytes);
}

TEST_F(ArchiveJobTest, WithMemoryAnUploadThatFailsEndsTheMakingAndIsTheCause) {
  const ArchiveEnd end = run(
      memory_, [&](Spool& out, const std::stop_token&) { write_all(out); }, refuse);

  ASSERT_TRUE(end.sending_failure);
  EXPECT_EQ(end.sending_failure->kind(), ErrorKind::LoginRefused);
  EXPECT_FALSE(end.made || end.making_failure || end.delivered);
}

TEST_F(ArchiveJobTest, ASpoolThatIsFullOfDiskIsTheMakersFailureAlsoWhenTheUploadFailedBefore) {
  std::binary_semaphore failed(0);
  const ArchiveEnd end = run(
      disk_,
      [&](Spool&, const std::stop_token&) {
        failed.acquire();
        throw Error(ErrorKind::NoSpace, "the disk is full");
      },
      [&](ArchiveSource& archive) {
        failed.release();
        return refuse(archive);
      });

  EXPECT_EQ(end.making_failure->kind(), ErrorKind::NoSpace);
  EXPECT_FALSE(end.sending_failure);
}

TEST_F(ArchiveJobTest, AStopEndsBoth) {
  const ArchiveEnd end = run(
      memory_,
      [&](Spool& out, const std::stop_token& stop) {
        out.write(std::span(bytes_).first(1'000));
        stop_.request_stop();
        stop_sending_.request_stop();
        if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the backup was stopped");
      },
      [&](ArchiveSource& archive) { return take_all(archive); });

  EXPECT_FALSE(end.made || end.delivered);
  EXPECT_EQ(end.making_failure->kind(), ErrorKind::Cancelled);
}

TEST_F(ArchiveJobTest, WhatIsNoErrorOfOursBecomesOne) {
  const ArchiveEnd making = run(
      disk_, [](Spool&, const std::stop_token&) { throw std::runtime_error("a bug"); },
      [&](ArchiveSource& archive) { return take_all(archive); });
  EXPECT_EQ(making.making_failure->kind(), ErrorKind::Internal);
  EXPECT_THAT(making.making_failure->what(), HasSubstr("internal error: a bug"));

  const ArchiveEnd sending = run(
      memory_, [&](Spool& out, const std::stop_token&) { write_all(out); },
      [](ArchiveSource&) -> Delivered { throw std::runtime_error("another"); });
  EXPECT_EQ(sending.sending_failure->kind(), ErrorKind::Internal);
  EXPECT_THAT(sending.sending_failure->what(), HasSubstr("internal error: another"));
}

}  // namespace
}  // namespace osbackup::backup
