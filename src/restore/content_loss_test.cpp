#include "restore/content_loss.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fails_with.hpp"

namespace osbackup::restore {
namespace {

using archive::Extent;

/// Keeps nothing but what it was told.
class KeepingReceiver final : public Receiver {
 public:
  void begin(const archive::Entry&) override {}
  void write(std::uint64_t, std::span<const std::byte>) override {}
  void finish() override {}
  std::optional<std::string> keep_damaged(std::uint64_t right_bytes) override {
    right_bytes_ = right_bytes;
    if (failure_) throw Error(*failure_);
    return path_;
  }

  std::optional<std::uint64_t> right_bytes_;
  std::optional<std::string> path_ = "etc/big.damaged";
  std::optional<Error> failure_;
};

class ContentLossTest : public testing::Test {
 protected:
  std::string said() {
    const Error error = loss_.keep_rest(receiver_);
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    return error.what();
  }

  std::vector<Extent> extents_ = {{.offset = 1U << 20U, .length = 2U << 20U},
                                  {.offset = 8U << 20U, .length = 1U << 20U}};
  ContentLoss loss_{10U << 20U, extents_};
  KeepingReceiver receiver_;
};

TEST_F(ContentLossTest, SaysWhereAStretchIsLost) {
  loss_.add({.offset = 1U << 20U, .length = 1U << 20U}, "it is broken");

  EXPECT_EQ(said(),
            "it is broken; 1.0 MiB of its 10 MiB, from byte 2097152 on, are lost; the rest is kept as etc/big.damaged");
  EXPECT_EQ(receiver_.right_bytes_, 10U << 20U);
}

TEST_F(ContentLossTest, CountsStretchesAndNamesTheFirstWithItsReason) {
  loss_.add({.offset = 2U << 20U, .length = 512}, "it is broken");
  loss_.add({.offset = 1'024, .length = 512}, "it is bent");

  EXPECT_EQ(said(),
            "it is bent; 1.0 KiB of its 10 MiB are lost, in 2 places, the first at byte 1049600; the rest is kept as "
            "etc/big.damaged");
}

TEST_F(ContentLossTest, LosesWhatMayNotBeInItsPlace) {
  loss_.add({.offset = 2U << 20U, .length = 512}, "it is broken");
  loss_.add({.offset = 512, .length = 512}, "it is bent");
  loss_.lose_behind_first();

  EXPECT_THAT(said(), testing::StartsWith("it is bent; 3.0 MiB of its 10 MiB, from byte 1049088 on, are lost; the"));
  EXPECT_EQ(receiver_.right_bytes_, (1U << 20U) + 512);
}

TEST_F(ContentLossTest, SaysWhenNothingIsMissingAndSomethingIsWrong) {
  loss_.add({.offset = 3U << 20U, .length = 0}, "its digest is another");
  loss_.lose_behind_first();

  EXPECT_EQ(said(), "its digest is another; what there is of it is kept as etc/big.damaged");
  EXPECT_EQ(receiver_.right_bytes_, 10U << 20U);
}

TEST_F(ContentLossTest, KeepsNothingWhenAllIsLost) {
  loss_.add({.offset = 0, .length = 3U << 20U}, "it is broken");

  EXPECT_EQ(said(), "it is broken");
  EXPECT_FALSE(receiver_.right_bytes_);
}

TEST_F(ContentLossTest, SaysNothingOfARestThatTheReceiverDoesNotKeep) {
  receiver_.path_.reset();
  loss_.add({.offset = 0, .length = 512}, "it is broken");

  EXPECT_EQ(said(), "it is broken; 512 B of its 10 MiB, from byte 1048576 on, are lost");
}

TEST_F(ContentLossTest, SaysWhyTheRestCannotBeKept) {
  receiver_.failure_ = Error(ErrorKind::Denied, "cannot be renamed");
  loss_.add({.offset = 0, .length = 512}, "it is broken");

  EXPECT_THAT(said(), testing::EndsWith("are lost; the rest cannot be kept: cannot be renamed"));
}

TEST_F(ContentLossTest, ThrowsWhatEndsEverything) {
  receiver_.failure_ = Error(ErrorKind::NoSpace, "no space left");
  loss_.add({.offset = 0, .length = 512}, "it is broken");

  EXPECT_THAT([&] { loss_.keep_rest(receiver_); }, test::fails_with(ErrorKind::NoSpace, "no space left"));
}

}  // namespace
}  // namespace osbackup::restore
