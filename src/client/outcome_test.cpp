#include "client/outcome.hpp"

#include <gtest/gtest.h>

namespace osbackup::client {
namespace {

int code_of_failure(RunStage stage, ErrorKind kind, bool kept = true) {
  Outcome outcome;
  outcome.stage = stage;
  outcome.kept = kept;
  outcome.failure = kind;
  return exit_code(outcome);
}

Outcome published() {
  Outcome outcome;
  outcome.stage = RunStage::Published;
  return outcome;
}

TEST(Outcome, MapsFailuresToTheDocumentedExitCodes) {
  EXPECT_EQ(code_of_failure(RunStage::Starting, ErrorKind::Denied), 1);
  EXPECT_EQ(code_of_failure(RunStage::Making, ErrorKind::Internal), 1);
  EXPECT_EQ(code_of_failure(RunStage::Starting, ErrorKind::Usage), 2);
  EXPECT_EQ(code_of_failure(RunStage::Sending, ErrorKind::Unavailable), 4);
  EXPECT_EQ(code_of_failure(RunStage::Sending, ErrorKind::Denied), 4);
  EXPECT_EQ(code_of_failure(RunStage::Sending, ErrorKind::NoSpace), 4);
  EXPECT_EQ(code_of_failure(RunStage::Sending, ErrorKind::Usage), 4);
  EXPECT_EQ(code_of_failure(RunStage::Sending, ErrorKind::Unavailable, false), 1) << "4 promises a kept archive";
  EXPECT_EQ(code_of_failure(RunStage::Sending, ErrorKind::Corrupt), 6);
  EXPECT_EQ(code_of_failure(RunStage::Starting, ErrorKind::Locked), 11);
  EXPECT_EQ(code_of_failure(RunStage::Sending, ErrorKind::LoginRefused), 12);
  EXPECT_EQ(code_of_failure(RunStage::Making, ErrorKind::NoSpace), 13);
}

TEST(Outcome, MapsWhatWasPublishedToTheDocumentedExitCodes) {
  Outcome incomplete = published();
  incomplete.incomplete = true;
  Outcome unreported = published();
  unreported.unreported = true;

  EXPECT_EQ(exit_code(published()), 0);
  EXPECT_EQ(exit_code(incomplete), 3);
  EXPECT_EQ(exit_code(unreported), 5);
}

TEST(Outcome, MapsWhatReadingRanIntoToTheDocumentedExitCodes) {
  EXPECT_EQ(code_of_failure(RunStage::Opening, ErrorKind::Usage), 2);
  EXPECT_EQ(code_of_failure(RunStage::Opening, ErrorKind::NotFound), 10);
  EXPECT_EQ(code_of_failure(RunStage::Reading, ErrorKind::NotFound), 1) << "the archive is there";
  EXPECT_EQ(code_of_failure(RunStage::Opening, ErrorKind::LoginRefused), 12);
  EXPECT_EQ(code_of_failure(RunStage::Opening, ErrorKind::Unavailable), 1);
  EXPECT_EQ(code_of_failure(RunStage::Reading, ErrorKind::Corrupt), 6);
  EXPECT_EQ(code_of_failure(RunStage::Reading, ErrorKind::NoSpace), 13);
  EXPECT_EQ(code_of_failure(RunStage::Reading, ErrorKind::Denied), 1);
}

TEST(Outcome, OfDamageIsKnownHoweverItEnds) {
  Outcome outcome;
  outcome.stage = RunStage::Reading;
  outcome.incomplete = true;
  EXPECT_EQ(exit_code(outcome), 3);

  outcome.damaged = true;
  EXPECT_EQ(exit_code(outcome), 6);

  outcome.failure = ErrorKind::Unavailable;
  EXPECT_EQ(exit_code(outcome), 6);

  outcome.failure = ErrorKind::NoSpace;
  EXPECT_EQ(exit_code(outcome), 13);
}

TEST(Outcome, TakesTheFirstThatApplies) {
  Outcome outcome = published();
  outcome.incomplete = true;
  outcome.unreported = true;
  EXPECT_EQ(exit_code(outcome), 3);

  outcome.stage = RunStage::Sending;
  outcome.failure = ErrorKind::Unavailable;
  outcome.kept = true;
  EXPECT_EQ(exit_code(outcome), 4);

  outcome.signal = 15;
  EXPECT_EQ(exit_code(outcome), 143);
}

}  // namespace
}  // namespace osbackup::client
