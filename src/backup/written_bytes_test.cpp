#include "backup/written_bytes.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "support/fails_with.hpp"

namespace osbackup::backup {
namespace {

using test::fails_with;

class WrittenBytesTest : public testing::Test {
 protected:
  WrittenBytes written_;
  std::stop_source stop_;
};

TEST_F(WrittenBytesTest, TellsWhatIsThere) {
  written_.add(3);
  written_.add(4);

  EXPECT_EQ(written_.wait_beyond(0, stop_.get_token()), 7U);
  EXPECT_EQ(written_.wait_beyond(6, stop_.get_token()), 7U);
  EXPECT_EQ(written_.total(), std::nullopt);
}

TEST_F(WrittenBytesTest, TheEndIsToldOnlyWhenItIsFinished) {
  written_.add(7);
  written_.finish();

  EXPECT_EQ(written_.wait_beyond(7, stop_.get_token()), 7U);
  EXPECT_EQ(written_.wait_beyond(8, stop_.get_token()), 8U);
  EXPECT_EQ(written_.total(), 7U);
}

TEST_F(WrittenBytesTest, WhoeverWaitsIsWokenByMoreBytes) {
  std::uint64_t seen = 0;
  {
    const std::jthread reader([&] { seen = written_.wait_beyond(0, stop_.get_token()); });
    written_.add(5);
  }
  EXPECT_EQ(seen, 5U);
}

TEST_F(WrittenBytesTest, WhoeverWaitsIsWokenByTheEnd) {
  std::uint64_t seen = 1;
  {
    const std::jthread reader([&] { seen = written_.wait_beyond(0, stop_.get_token()); });
    written_.finish();
  }
  EXPECT_EQ(seen, 0U);
}

TEST_F(WrittenBytesTest, WhoeverWaitsIsToldWhyItWasAbandoned) {
  std::string reason;
  {
    const std::jthread reader([&] {
      try {
        written_.wait_beyond(0, stop_.get_token());
      } catch (const Error& error) {
        reason = error.what();
      }
    });
    written_.abandon("tar failed");
  }
  EXPECT_EQ(reason, "the archive will not be complete: tar failed");
}

TEST_F(WrittenBytesTest, WhoeverWaitsIsWokenByTheStop) {
  ErrorKind kind = ErrorKind::Internal;
  {
    const std::jthread reader([&] {
      try {
        written_.wait_beyond(0, stop_.get_token());
      } catch (const Error& error) {
        kind = error.kind();
      }
    });
    stop_.request_stop();
  }
  EXPECT_EQ(kind, ErrorKind::Cancelled);
}

TEST_F(WrittenBytesTest, AnAbandonedArchiveIsNotReadToItsEnd) {
  written_.add(5);
  written_.abandon("the disk is full");

  EXPECT_THAT([&] { written_.wait_beyond(0, stop_.get_token()); },
              fails_with(ErrorKind::Cancelled, "the disk is full"));
  EXPECT_EQ(written_.total(), std::nullopt);
}

TEST_F(WrittenBytesTest, WhatIsFinishedCannotBeAbandonedNorTheOtherWayRound) {
  written_.finish();
  written_.abandon("too late");
  EXPECT_EQ(written_.total(), 0U);

  WrittenBytes other;
  other.abandon("first");
  other.finish();
  EXPECT_EQ(other.total(), std::nullopt);
}

}  // namespace
}  // namespace osbackup::backup
