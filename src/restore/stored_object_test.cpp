#include "restore/stored_object.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "storage/ftp_destination.hpp"
#include "storage/memory_destination.hpp"
#include "support/fails_with.hpp"
#include "support/ftp_server.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::restore {
namespace {

using namespace std::chrono_literals;
using test::fails_with;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Faults {
  std::uint64_t break_after = UINT64_MAX;  ///< So many bytes of a stream.
  unsigned breaks = 0;                     ///< How many streams break, or reads fail.
  ErrorKind kind = ErrorKind::Unavailable;
};

/// A destination in memory whose connections break as told.
class BreakingDestination final : public storage::Destination {
 public:
  std::unique_ptr<storage::Upload> begin(const std::string& name) override { return inner_.begin(name); }
  void read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) override {
    use_up_break();
    inner_.read(name, offset, out);
  }
  std::unique_ptr<ByteSource> stream(const std::string& name, std::uint64_t offset, std::uint64_t length) override {
    offsets_.push_back(offset);
    if (faults.break_after == 0) use_up_break();
    return std::make_unique<Stream>(*this, inner_.stream(name, offset, length));
  }
  std::vector<storage::ObjectInfo> list(const std::string& prefix) override { return inner_.list(prefix); }
  void remove(const std::string& name) override { inner_.remove(name); }
  storage::Traffic traffic() const override { return inner_.traffic(); }

  /// Where each stream began.
  const std::vector<std::uint64_t>& offsets() const noexcept { return offsets_; }

  Faults faults;

 private:
  class Stream final : public ByteSource {
   public:
    Stream(BreakingDestination& owner, std::unique_ptr<ByteSource> inner)
        : owner_(owner), inner_(std::move(inner)), good_bytes_(owner.faults.break_after) {}

    std::size_t read(std::span<std::byte> out) override {
      const std::size_t count = inner_->read(out.first(std::min<std::uint64_t>(out.size(), good_bytes_)));
      good_bytes_ -= count;
      if (good_bytes_ == 0) owner_.use_up_break();
      return count + inner_->read(out.subspan(count));
    }

   private:
    BreakingDestination& owner_;
    std::unique_ptr<ByteSource> inner_;
    std::uint64_t good_bytes_;
  };

  void use_up_break() {
    if (faults.breaks == 0) return;
    --faults.breaks;
    throw Error(faults.kind, "the connection broke");
  }

  storage::MemoryDestination inner_;
  std::vector<std::uint64_t> offsets_;
};

class StoredObjectTest : public ::testing::Test {
 protected:
  StoredObjectTest() {
    const std::unique_ptr<storage::Upload> upload = destination_.begin("object.part");
    upload->append(content_);
    upload->commit("object");
  }

  StoredObject object(unsigned attempts_max = 3) {
    const RetryPolicy policy{.attempts_max = attempts_max,
                             .wait = [this](std::chrono::milliseconds pause) { pauses_.push_back(pause); }};
    return {destination_, {.name = "object", .bytes = content_.size()}, policy, [this](const std::string& message) {
              troubles_.push_back(message);
            }};
  }

  /// All that is left of a stream.
  static std::vector<std::byte> rest_of(ByteSource& stream) {
    std::vector<std::byte> all;
    std::vector<std::byte> piece(2 * kPieceBytes);
    for (std::size_t count = piece.size(); count == piece.size();) {
      count = stream.read(piece);
      all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return all;
  }

  static constexpr std::size_t kPieceBytes = 16U << 10U;
  const std::vector<std::byte> content_ = test::random_bytes({.size = 40'000, .seed = 5});
  BreakingDestination destination_;
  std::vector<std::string> troubles_;
  std::vector<std::chrono::milliseconds> pauses_;
};

TEST_F(StoredObjectTest, AReadIsTriedAgain) {
  destination_.faults = {.breaks = 2};
  std::vector<std::byte> out(100);

  object().read(7, out);

  EXPECT_TRUE(std::equal(out.begin(), out.end(), content_.begin() + 7));
  EXPECT_THAT(troubles_, ElementsAre("the connection broke", "the connection broke"));
}

TEST_F(StoredObjectTest, AReadThatFailsTooOftenIsUnavailable) {
  destination_.faults = {.breaks = 3};
  std::vector<std::byte> out(100);

  EXPECT_THAT([&] { object().read(7, out); }, fails_with(ErrorKind::Unavailable, "the connection broke"));
}

TEST_F(StoredObjectTest, AStreamIsOneTransfer) {
  const StoredObject stored = object();

  EXPECT_TRUE(rest_of(*stored.stream(0, content_.size())) == content_);

  EXPECT_THAT(destination_.offsets(), ElementsAre(0U));
}

TEST_F(StoredObjectTest, AStreamGoesOnWhereverItBroke) {
  const StoredObject stored = object();
  const std::vector<std::byte> half(content_.begin() + 20'000, content_.end());
  for (std::uint64_t place = 0; place < half.size(); ++place) {
    destination_.faults = {.break_after = place, .breaks = 1};
    ASSERT_TRUE(rest_of(*stored.stream(20'000, half.size())) == half) << place;
  }
  EXPECT_THAT(troubles_, SizeIs(half.size()));
}

TEST_F(StoredObjectTest, WhatAStreamHasBroughtIsNotFetchedAgain) {
  destination_.faults = {.break_after = 2 * kPieceBytes + 5, .breaks = 1};
  const StoredObject stored = object();

  rest_of(*stored.stream(0, content_.size()));

  EXPECT_THAT(destination_.offsets(), ElementsAre(0U, 2 * kPieceBytes));
}

TEST_F(StoredObjectTest, ProgressEarnsAStreamNewAttempts) {
  destination_.faults = {.break_after = kPieceBytes + 1, .breaks = 100};
  const StoredObject stored = object(2);

  EXPECT_TRUE(rest_of(*stored.stream(0, content_.size())) == content_);

  EXPECT_THAT(troubles_, SizeIs(2));
  EXPECT_THAT(pauses_, ElementsAre(1000ms, 1000ms));
}

TEST_F(StoredObjectTest, AStreamThatBringsNothingIsGivenUp) {
  destination_.faults = {.break_after = 100, .breaks = 100};
  const StoredObject stored = object();
  const std::unique_ptr<ByteSource> stream = stored.stream(0, content_.size());

  EXPECT_THAT([&] { rest_of(*stream); }, fails_with(ErrorKind::Unavailable, "the connection broke"));

  EXPECT_THAT(destination_.offsets(), ElementsAre(0U, 0U, 0U));
  EXPECT_THAT(pauses_, ElementsAre(1000ms, 2000ms));
}

TEST_F(StoredObjectTest, WhatWillNotPassIsNotTriedAgain) {
  destination_.faults = {.break_after = 100, .breaks = 1, .kind = ErrorKind::Denied};
  const StoredObject stored = object();
  const std::unique_ptr<ByteSource> stream = stored.stream(0, content_.size());

  EXPECT_THAT([&] { rest_of(*stream); }, fails_with(ErrorKind::Denied, "broke"));

  EXPECT_THAT(troubles_, IsEmpty());
}

TEST_F(StoredObjectTest, AnObjectThatIsShorterThanItWasIsCorrupt) {
  const StoredObject longer(destination_, {.name = "object", .bytes = content_.size() + 1}, {}, {});
  const std::unique_ptr<ByteSource> stream = longer.stream(0, content_.size() + 1);

  EXPECT_THAT([&] { rest_of(*stream); }, fails_with(ErrorKind::Corrupt, "object"));
}

TEST_F(StoredObjectTest, NothingBehindTheEndIsAskedFor) {
  const StoredObject stored = object();

  EXPECT_THAT([&] { stored.stream(39'999, 2); }, fails_with(ErrorKind::Corrupt, "only 40000 are there"));
  EXPECT_THAT([&] { stored.stream(40'001, 0); }, fails_with(ErrorKind::Corrupt, "only 40000 are there"));
  EXPECT_THAT([&] { stored.stream(1, ~std::uint64_t{0}); }, fails_with(ErrorKind::Corrupt, "only 40000 are there"));
  EXPECT_THAT(destination_.offsets(), IsEmpty());
}

TEST_F(StoredObjectTest, WhatIsSkippedFirstIsNotFetched) {
  const StoredObject stored = object();
  const std::unique_ptr<ByteSource> stream = stored.stream(10, 30'000);

  EXPECT_EQ(stream->skip(20'000), 20'000U);
  std::vector<std::byte> out(5);
  EXPECT_EQ(stream->read(out), 5U);

  EXPECT_TRUE(std::equal(out.begin(), out.end(), content_.begin() + 20'010));
  EXPECT_THAT(destination_.offsets(), ElementsAre(20'010U));
  EXPECT_EQ(stream->skip(100'000), 9'995U);
}

TEST(StoredObjectOnFtp, AStreamWhoseConnectionIsCutArrivesWhole) {
  const std::vector<std::byte> content = test::random_bytes({.size = 40'000'000, .seed = 6});
  test::FtpServer server;
  storage::FtpDestination destination(
      {.host = server.host(), .port = server.port(), .user = server.user(), .password = Secret(server.password())}, "");
  const std::unique_ptr<storage::Upload> upload = destination.begin("object.part");
  upload->append(content);
  upload->commit("object");
  std::vector<std::string> troubles;
  const RetryPolicy policy{.wait = [](std::chrono::milliseconds) {}};
  const StoredObject stored(destination, {.name = "object", .bytes = content.size()}, policy,
                            [&](const std::string& message) { troubles.push_back(message); });
  const std::unique_ptr<ByteSource> stream = stored.stream(0, content.size());
  std::vector<std::byte> received(content.size());

  for (std::size_t offset = 0; offset < received.size(); offset += 10'000'000) {
    EXPECT_EQ(stream->read(std::span(received).subspan(offset, 1'000'000)), 1'000'000U);
    server.cut_sessions();
    EXPECT_EQ(stream->read(std::span(received).subspan(offset + 1'000'000, 9'000'000)), 9'000'000U);
  }

  EXPECT_TRUE(received == content);
  EXPECT_THAT(troubles, ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace osbackup::restore
