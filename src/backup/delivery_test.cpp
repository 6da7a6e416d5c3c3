#include "backup/delivery.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/time_format.hpp"
#include "crypto/digest.hpp"
#include "storage/memory_destination.hpp"
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
  bool corrupt = false;        ///< What is read back differs.
  bool unreadable = false;     ///< Reading back is forbidden.
  bool lose_commit_answer = false;
};

/// A destination in memory whose connections fail as told.
class FaultyDestination final : public Destination {
 public:
  explicit FaultyDestination(Faults faults) : faults_(faults) {}

  std::unique_ptr<Upload> begin(const std::string& name) override {
    return std::make_unique<FaultyUpload>(*this, inner_.begin(name));
  }
  void read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) override {
    inner_.read(name, offset, out);
  }
  std::vector<ObjectInfo> list(const std::string& prefix) override { return inner_.list(prefix); }
  void remove(const std::string& name) override { inner_.remove(name); }

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
    }
    std::uint64_t stored() override { return inner_->stored(); }
    void read(std::uint64_t offset, std::span<std::byte> out) override {
      if (owner_.faults_.unreadable) throw Error(ErrorKind::Denied, "reading is forbidden");
      inner_->read(offset, out);
      if (owner_.faults_.corrupt && !out.empty()) out.back() ^= std::byte{1};
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
  storage::MemoryDestination inner_;
};

class DeliveryTest : public testing::Test {
 protected:
  Delivered send(Destination& destination, unsigned attempts = 3, bool may_be_published = false) {
    RetryPolicy retry{.attempts_max = attempts, .wait = [this](std::chrono::milliseconds) { ++waits_; }};
    return Delivery(destination, state_, progress_)
        .send({.archive = archive_,
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
  FaultyDestination destination({.corrupt = true});

  EXPECT_EQ(kind_of_failure(destination), ErrorKind::Corrupt);

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

}  // namespace
}  // namespace osbackup::backup
