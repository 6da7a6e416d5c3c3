#include "backup/delivery.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <semaphore>
#include <thread>

#include "backup/sent_archive.hpp"
#include "backup/spool.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/range_reader.hpp"
#include "core/time_format.hpp"
#include "crypto/digest.hpp"
#include "storage/memory_destination.hpp"
#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

using storage::Destination;
using storage::ObjectInfo;
using storage::Upload;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kBytes = 3'000'000;

/// What goes wrong at a destination, and how often.
struct Faults {
  std::uint64_t break_at = 0;  ///< The upload's connection breaks there, ...
  unsigned breaks = 0;         ///< ... so many times.
  bool swallow = false;        ///< The far side loses the archive's last byte once, without a word.
  /// What is read back differs there.
  std::optional<std::uint64_t> corrupt_at = std::nullopt;
  std::size_t corrupt_length = 0;  ///< What is read back in pieces of this length differs.
  std::uint64_t boasts = 0;        ///< The far side says that it holds so many bytes more, after a break.
  bool unreadable = false;         ///< Reading back is forbidden.
  bool lose_commit_answer = false;
  std::optional<ErrorKind> removal = std::nullopt;  ///< How removing fails.
};

/// A destination in memory whose connections fail as told.
class FaultyDestination final : public Destination {
 public:
  explicit FaultyDestination(
      Faults faults, std::function<void()> on_append = [] {})
      : faults_(faults), on_append_(std::move(on_append)) {}

  std::unique_ptr<Upload> begin(const std::string& name) override {
    ++begun_;
    return std::make_unique<FaultyUpload>(*this, inner_.begin(name));
  }
  void read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) override {
    inner_.read(name, offset, out);
  }
  std::unique_ptr<ByteSource> stream(const std::string& name, std::uint64_t offset, std::uint64_t length) override {
    return inner_.stream(name, offset, length);
  }
  std::vector<ObjectInfo> list(const std::string& prefix) override { return inner_.list(prefix); }
  void remove(const std::string& name) override {
    if (faults_.removal) throw Error(*faults_.removal, "removing failed");
    inner_.remove(name);
  }
  storage::Traffic traffic() const override { return inner_.traffic(); }

  /// How many uploads were begun.
  unsigned begun() const noexcept { return begun_; }

 private:
  class FaultyUpload final : public Upload {
   public:
    FaultyUpload(FaultyDestination& owner, std::unique_ptr<Upload> inner) : owner_(owner), inner_(std::move(inner)) {}

    void append(std::span<const std::byte> bytes) override {
      Faults& faults = owner_.faults_;
      if (faults.breaks > 0 && held_ + bytes.size() > faults.break_at) {
        --faults.breaks;
        const auto kept = static_cast<std::size_t>(faults.break_at > held_ ? faults.break_at - held_ : 0);
        inner_->append(bytes.first(kept));
        held_ += kept;
        throw Error(ErrorKind::Unavailable, "the connection broke");
      }
      if (held_ + bytes.size() == kBytes && std::exchange(faults.swallow, false)) bytes = bytes.first(bytes.size() - 1);
      inner_->append(bytes);
      held_ += bytes.size();
      owner_.on_append_();
    }
    std::uint64_t stored() override { return inner_->stored() + owner_.faults_.boasts; }
    void read(std::uint64_t offset, std::span<std::byte> out) override {
      if (owner_.faults_.unreadable) throw Error(ErrorKind::Denied, "reading is forbidden");
      inner_->read(offset, out);
      if (out.size() == owner_.faults_.corrupt_length) out.front() ^= std::byte{1};
      const std::uint64_t place = owner_.faults_.corrupt_at.value_or(UINT64_MAX);
      if (place >= offset && place - offset < out.size()) out[place - offset] ^= std::byte{1};
    }
    void commit(const std::string& name) override {
      inner_->commit(name);
      if (std::exchange(owner_.faults_.lose_commit_answer, false))
        throw Error(ErrorKind::Unavailable, "the answer was lost");
    }

   private:
    FaultyDestination& owner_;
    std::unique_ptr<Upload> inner_;
    std::uint64_t held_ = 0;
  };

  Faults faults_;
  std::function<void()> on_append_;
  std::atomic<unsigned> begun_ = 0;
  storage::MemoryDestination inner_;
};

class DeliveryTest : public testing::Test {
 protected:
  Delivered send(Destination& destination, unsigned attempts = 3, bool may_be_published = false) {
    CompleteArchive archive(archive_);
    return send(destination, archive, attempts, may_be_published);
  }
  Delivered send(Destination& destination, ArchiveSource& archive, unsigned attempts = 3,
                 bool may_be_published = false) {
    RetryPolicy retry{.attempts_max = attempts, .wait = [this](std::chrono::milliseconds) { ++waits_; }};
    return Delivery(destination, state_, progress_)
        .send({.archive = archive,
               .name = name_,
               .run_id = "0a1b2c3d-0000-4000-8000-000000000000",
               .retry = retry,
               .may_be_published = may_be_published,
               .on_trouble = [this](const std::string& text) { troubles_.push_back(text); }},
              stop_.get_token());
  }
  std::vector<std::byte> content(Destination& destination, const std::string& name) const {
    std::vector<std::byte> bytes(kBytes);
    destination.read(name, 0, bytes);
    return bytes;
  }
  static std::vector<std::string> names(Destination& destination) {
    std::vector<std::string> found;
    for (const ObjectInfo& object : destination.list("")) found.push_back(object.name);
    return found;
  }
  ErrorKind kind_of_failure(Destination& destination) {
    try {
      send(destination);
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "the delivery did not fail";
    return ErrorKind::Internal;
  }

  test::TemporaryFolder folder_;
  HostState state_{folder_.path()};
  Progress progress_;
  std::stop_source stop_;
  const std::vector<std::byte> bytes_ = test::random_bytes({.size = kBytes, .seed = 7});
  MemoryRange archive_{bytes_};
  archive::ArchiveName name_{.hostname = "web-1", .ip = "192.0.2.7", .started = *parse_rfc3339("2026-11-23T09:30:00Z")};
  std::vector<std::string> troubles_;
  unsigned waits_ = 0;
};

constexpr const char* kName = "web-1+192.0.2.7+20261123T093000Z.zip";

TEST_F(DeliveryTest, PublishesTheArchiveAndTellsItsDigest) {
  storage::MemoryDestination destination;

  const Delivered delivered = send(destination);

  EXPECT_THAT(names(destination), ElementsAre(kName));
  EXPECT_EQ(content(destination, kName), bytes_);
  EXPECT_EQ(delivered.sha256, crypto::to_hex(crypto::sha256(bytes_)));
  EXPECT_TRUE(delivered.verified);
  EXPECT_THAT(state_.temporary_names(), IsEmpty());
}

TEST_F(DeliveryTest, ResumesFromWhatTheDestinationHolds) {
  FaultyDestination destination({.break_at = 1'234'567, .breaks = 1});

  const Delivered delivered = send(destination);

  EXPECT_EQ(content(destination, kName), bytes_);
  EXPECT_EQ(delivered.sha256, crypto::to_hex(crypto::sha256(bytes_)));
  EXPECT_THAT(troubles_, SizeIs(1));
  EXPECT_EQ(waits_, 1U);
}

TEST_F(DeliveryTest, SendsAgainWhatTheDestinationLostWithoutAWord) {
  FaultyDestination destination({.swallow = true});

  send(destination);

  EXPECT_EQ(content(destination, kName), bytes_);
  EXPECT_THAT(troubles_, ElementsAre("the destination holds 2999999 of 3000000 bytes; attempt 2 of 3 follows"));
}

TEST_F(DeliveryTest, GivesUpAfterTheLastAttemptAndPublishesNothing) {
  FaultyDestination destination({.break_at = 10, .breaks = 100});

  EXPECT_EQ(kind_of_failure(destination), ErrorKind::Unavailable);

  EXPECT_THAT(names(destination), IsEmpty());
  EXPECT_THAT(state_.temporary_names(), ElementsAre(std::string(kName) + ".0a1b2c3d.part"));
}

TEST_F(DeliveryTest, PublishesNothingThatReadsBackDifferently) {
  // All of an archive of at most eight pieces is read back.
  for (const std::uint64_t place : {std::size_t{0}, std::size_t{1'500'000}, kBytes - 1}) {
    FaultyDestination destination({.corrupt_at = place});

    EXPECT_EQ(kind_of_failure(destination), ErrorKind::Corrupt) << place;

    EXPECT_THAT(names(destination), IsEmpty());
  }
}

TEST_F(DeliveryTest, ComparesTheEndAndTheChosenPieces) {
  for (const std::size_t length : {SentArchive::kTailBytes, SentArchive::kPieceBytes}) {
    FaultyDestination destination({.corrupt_length = length});

    EXPECT_EQ(kind_of_failure(destination), ErrorKind::Corrupt) << length;
  }
}

TEST_F(DeliveryTest, ADestinationThatHoldsMoreThanWasSentIsCorrupt) {
  FaultyDestination destination({.break_at = 1'000, .breaks = 1, .boasts = 10'000'000});

  EXPECT_THAT([&] { send(destination); },
              test::fails_with(ErrorKind::Corrupt, "the destination holds 10001000 bytes, and 1048576 were sent"));

  EXPECT_THAT(names(destination), IsEmpty());
}

TEST_F(DeliveryTest, SaysThatAWriteOnlyDestinationIsNotVerified) {
  FaultyDestination destination({.unreadable = true});

  const Delivered delivered = send(destination);

  EXPECT_FALSE(delivered.verified);
  EXPECT_THAT(troubles_, ElementsAre("the archive cannot be read back and compared: reading is forbidden"));
  EXPECT_THAT(names(destination), ElementsAre(kName));
}

TEST_F(DeliveryTest, NeverReplacesAnArchiveAndTakesTheNextSecond) {
  storage::MemoryDestination destination;
  const auto other = destination.begin("other.part");
  other->append(std::as_bytes(std::span("precious", 8)));
  other->stored();
  other->commit(kName);

  const Delivered delivered = send(destination);

  EXPECT_EQ(delivered.name.text(), "web-1+192.0.2.7+20261123T093001Z.zip");
  EXPECT_THAT(destination.list(""),
              ElementsAre(ObjectInfo{kName, 8}, ObjectInfo{"web-1+192.0.2.7+20261123T093001Z.zip", kBytes}));
}

TEST_F(DeliveryTest, ARenameWhoseAnswerWasLostIsNotDoneTwice) {
  FaultyDestination destination({.lose_commit_answer = true});

  const Delivered delivered = send(destination);

  EXPECT_EQ(delivered.name.text(), kName);
  EXPECT_THAT(names(destination), ElementsAre(kName));
}

TEST_F(DeliveryTest, AnArchiveThatAnEarlierRunPublishedIsNotSentAgain) {
  storage::MemoryDestination destination;
  send(destination);

  const Delivered delivered = send(destination, 3, true);

  EXPECT_EQ(delivered.name.text(), kName);
  EXPECT_EQ(delivered.sha256, crypto::to_hex(crypto::sha256(bytes_)));
  EXPECT_THAT(names(destination), ElementsAre(kName));
}

TEST_F(DeliveryTest, AnArchiveThatAnEarlierRunPublishedUnderALaterSecondIsFound) {
  storage::MemoryDestination destination;
  const auto other = destination.begin("other.part");
  other->append(std::vector<std::byte>(kBytes));
  other->stored();
  other->commit(kName);
  send(destination);

  const Delivered delivered = send(destination, 3, true);

  EXPECT_EQ(delivered.name.text(), "web-1+192.0.2.7+20261123T093001Z.zip");
  EXPECT_THAT(names(destination), SizeIs(2));
}

TEST_F(DeliveryTest, StopsWhenTheRunIsCancelledAndLeavesNothing) {
  storage::MemoryDestination destination;
  stop_.request_stop();

  EXPECT_EQ(kind_of_failure(destination), ErrorKind::Cancelled);

  EXPECT_THAT(names(destination), IsEmpty());
}

TEST_F(DeliveryTest, RemovesOnlyTheLeftoversThatThisHostRemembers) {
  storage::MemoryDestination destination;
  for (const char* name : {"ours.part", "theirs.part"}) {
    const auto upload = destination.begin(name + std::string(".new"));
    upload->stored();
    upload->commit(name);
  }
  state_.remember_temporary_name("ours.part");

  Delivery(destination, state_, progress_).remove_leftovers([](const std::string&) {});

  EXPECT_THAT(names(destination), ElementsAre("theirs.part"));
  EXPECT_THAT(HostState(folder_.path()).temporary_names(), IsEmpty());
}

TEST_F(DeliveryTest, LeftoversAreNotTriedFurtherWhereNoLoginWouldSucceed) {
  state_.remember_temporary_name("a.part");
  state_.remember_temporary_name("b.part");
  const auto tries = [&](ErrorKind kind) {
    FaultyDestination destination({.removal = kind});
    unsigned troubles = 0;
    Delivery(destination, state_, progress_).remove_leftovers([&](const std::string&) { ++troubles; });
    return troubles;
  };

  EXPECT_EQ(tries(ErrorKind::Unavailable), 1U);
  EXPECT_EQ(tries(ErrorKind::LoginRefused), 1U);
  EXPECT_EQ(tries(ErrorKind::Refused), 1U);
  EXPECT_EQ(tries(ErrorKind::Denied), 2U);
}

TEST_F(DeliveryTest, HoldsForABreakAtEveryPlaceOfASmallArchive) {
  const std::vector<std::byte> small = test::random_bytes({.size = 64, .seed = 3});
  archive_ = MemoryRange(small);
  for (std::uint64_t place = 0; place <= small.size(); ++place) {
    FaultyDestination destination({.break_at = place, .breaks = 2});

    send(destination, 5);

    std::vector<std::byte> stored(small.size());
    destination.read(kName, 0, stored);
    EXPECT_EQ(stored, small) << "broken at byte " << place;
  }
}

/// An archive that is written while it is sent. The engine's part is played on a thread of its own.
class GrowingDeliveryTest : public DeliveryTest {
 protected:
  /// Sends `spool` while `engine` works; returns the failure's kind, or nothing when it was published.
  template <class Engine>
  std::optional<ErrorKind> send_while(Spool& spool, Destination& destination, Engine engine) {
    const std::jthread thread(engine);
    try {
      delivered_ = send(destination, spool, 3);
      return std::nullopt;
    } catch (const Error& error) {
      failure_ = error.what();
      spool.stop_reading(error);
      return error.kind();
    }
  }
  std::span<const std::byte> part(std::size_t offset, std::size_t count) const {
    return std::span(bytes_).subspan(offset, count);
  }
  /// The engine that writes all of it, unless it is refused.
  auto engine(Spool& spool) const {
    return [&spool, this] {
      try {
        for (std::size_t offset = 0; offset < kBytes; offset += 500'000) spool.write(part(offset, 500'000));
        spool.finish();
      } catch (const Error&) {
        spool.abandon("the engine failed");
      }
    };
  }

  DiskSpool disk_{folder_.path() / "archive.zip"};
  MemorySpool memory_{1U << 20U};
  Delivered delivered_;
  std::string failure_;
};

TEST_F(GrowingDeliveryTest, IsSentWhileItGrows) {
  for (Spool* spool : {static_cast<Spool*>(&disk_), static_cast<Spool*>(&memory_)}) {
    std::binary_semaphore sent(0);
    FaultyDestination destination({}, [&] { sent.release(); });
    progress_.stage = Stage::Archiving;

    const auto failure = send_while(*spool, destination, [&] {
      // Each piece is written only when the one before has been sent.
      for (std::size_t offset = 0; offset < kBytes; offset += 500'000) {
        spool->write(part(offset, 500'000));
        sent.acquire();
      }
      EXPECT_EQ(progress_.stage, Stage::Archiving);
      spool->finish();
    });

    EXPECT_EQ(failure, std::nullopt) << failure_;
    EXPECT_EQ(content(destination, kName), bytes_);
    EXPECT_EQ(delivered_.sha256, crypto::to_hex(crypto::sha256(bytes_)));
    EXPECT_TRUE(delivered_.verified);
    EXPECT_EQ(progress_.total_bytes, kBytes);
    EXPECT_EQ(progress_.stage, Stage::Verifying);
  }
}

TEST_F(GrowingDeliveryTest, NothingIsBegunBeforeTheFirstByte) {
  FaultyDestination destination({});

  const auto failure = send_while(disk_, destination, [&] { disk_.abandon("there is nothing to archive"); });

  EXPECT_EQ(failure, ErrorKind::Cancelled);
  EXPECT_EQ(destination.begun(), 0U);
  EXPECT_THAT(state_.temporary_names(), IsEmpty());
}

TEST_F(GrowingDeliveryTest, AnArchiveThatIsNeverCompleteIsNeverPublished) {
  for (Spool* spool : {static_cast<Spool*>(&disk_), static_cast<Spool*>(&memory_)}) {
    std::binary_semaphore sent(0);
    FaultyDestination destination({}, [&] { sent.release(); });

    const auto failure = send_while(*spool, destination, [&] {
      spool->write(part(0, 1'000));
      sent.acquire();
      spool->abandon("tar failed");
    });

    EXPECT_EQ(failure, ErrorKind::Cancelled);
    EXPECT_EQ(destination.begun(), 1U);
    EXPECT_THAT(names(destination), IsEmpty());
  }
}

TEST_F(GrowingDeliveryTest, AnUploadThatWaitsForBytesIsStoppedAndRemoved) {
  FaultyDestination destination({}, [&] { stop_.request_stop(); });

  const auto failure = send_while(disk_, destination, [&] { disk_.write(part(0, 1'000)); });

  EXPECT_EQ(failure, ErrorKind::Cancelled);
  EXPECT_THAT(names(destination), IsEmpty());
}

TEST_F(GrowingDeliveryTest, IsResumedFromTheDisk) {
  FaultyDestination destination({.break_at = 1'234'567, .breaks = 2});

  const auto failure = send_while(disk_, destination, engine(disk_));

  EXPECT_EQ(failure, std::nullopt) << failure_;
  EXPECT_EQ(content(destination, kName), bytes_);
  EXPECT_EQ(delivered_.sha256, crypto::to_hex(crypto::sha256(bytes_)));
  EXPECT_THAT(troubles_, SizeIs(2));
}

TEST_F(GrowingDeliveryTest, CannotBeResumedFromMemoryAndSaysSo) {
  FaultyDestination destination({.break_at = 1'234'567, .breaks = 1});

  const auto failure = send_while(memory_, destination, engine(memory_));

  EXPECT_EQ(failure, ErrorKind::Unavailable);
  EXPECT_EQ(failure_,
            "the connection broke; an upload that broke cannot be resumed with [Archive] spool = memory, with spool = "
            "disk it can");
  EXPECT_THAT(names(destination), IsEmpty());
  EXPECT_EQ(waits_, 0U);
}

TEST_F(GrowingDeliveryTest, ALossWithoutAWordIsSeenAlsoFromMemory) {
  FaultyDestination destination({.swallow = true});

  const auto failure = send_while(memory_, destination, engine(memory_));

  EXPECT_EQ(failure, ErrorKind::Unavailable);
  EXPECT_THAT(failure_, testing::StartsWith("the destination holds 2999999 of 3000000 bytes; "));
  EXPECT_THAT(names(destination), IsEmpty());
}

}  // namespace
}  // namespace osbackup::backup
