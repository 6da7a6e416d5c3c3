#pragma once

#include <string>

#include "core/clock.hpp"

namespace osbackup::database {

/// Which of the two calls of the protocol it was.
enum class CallKind { Count, Report };

/// One call that the server accepted.
struct ReceivedCall {
  CallKind kind = CallKind::Count;
  std::string receipt;  ///< The client's run id, or one made at acceptance.
  std::string user;
  TimePoint received_at;
  std::string payload;  ///< The address to count, or the report as JSON.
};

}  // namespace osbackup::database
