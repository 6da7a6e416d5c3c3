#include "client/outcome.hpp"

namespace osbackup::client {
namespace {

/// What the destination did not take, for whatever reason.
int code_of_unsent(ErrorKind kind, bool kept) {
  if (kind == ErrorKind::LoginRefused) return 12;
  if (kind == ErrorKind::Corrupt) return 6;
  return kept ? 4 : 1;
}

bool is_of_reading(RunStage stage) { return stage == RunStage::Opening || stage == RunStage::Reading; }

/// What a command that reads archives ran into.
std::optional<int> code_of_unread(const Outcome& outcome) {
  if (outcome.failure == ErrorKind::LoginRefused) return 12;
  if (outcome.failure == ErrorKind::Corrupt) return 6;
  // Later it is a path that an archive does not have.
  if (outcome.failure == ErrorKind::NotFound && outcome.stage == RunStage::Opening) return 10;
  return std::nullopt;
}

int code_of_failure(const Outcome& outcome) {
  if (outcome.stage == RunStage::Sending) return code_of_unsent(*outcome.failure, outcome.kept);
  if (is_of_reading(outcome.stage))
    if (const std::optional<int> code = code_of_unread(outcome)) return *code;
  switch (*outcome.failure) {
    case ErrorKind::Usage:
      return 2;
    case ErrorKind::Locked:
      return 11;
    case ErrorKind::NoSpace:
      return 13;
    default:
      return outcome.damaged ? 6 : 1;
  }
}

}  // namespace

int exit_code(const Outcome& outcome) {
  if (outcome.signal != 0) return 128 + outcome.signal;
  if (outcome.failure) return code_of_failure(outcome);
  if (outcome.damaged) return 6;
  if (outcome.incomplete) return 3;
  if (outcome.unreported) return 5;
  return 0;
}

}  // namespace osbackup::client
