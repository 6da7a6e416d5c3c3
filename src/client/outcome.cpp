#include "client/outcome.hpp"

namespace osbackup::client {
namespace {

/// What the destination did not take, for whatever reason.
int code_of_unsent(ErrorKind kind, bool kept) {
  if (kind == ErrorKind::LoginRefused) return 12;
  if (kind == ErrorKind::Corrupt) return 6;
  return kept ? 4 : 1;
}

int code_of_failure(const Outcome& outcome) {
  if (outcome.stage == RunStage::Sending) return code_of_unsent(*outcome.failure, outcome.kept);
  switch (*outcome.failure) {
    case ErrorKind::Usage:
      return 2;
    case ErrorKind::Locked:
      return 11;
    case ErrorKind::NoSpace:
      return 13;
    default:
      return 1;
  }
}

}  // namespace

int exit_code(const Outcome& outcome) {
  if (outcome.signal != 0) return 128 + outcome.signal;
  if (outcome.failure) return code_of_failure(outcome);
  if (outcome.incomplete) return 3;
  if (outcome.unreported) return 5;
  return 0;
}

}  // namespace osbackup::client
