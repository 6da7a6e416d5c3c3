#pragma once

#include <cstdint>
#include <string>

#include "core/clock.hpp"

namespace osbackup::queue {

/// Which of the two calls of the protocol it was. The numbers are stored.
enum class CallKind {
  Count = 1,   ///< GET /countapi.
  Report = 2,  ///< POST /backupinfo.
};

/// One accepted call on its way to the database.
struct Call {
  std::uint64_t seq = 0;  ///< Its place in the queue, from 1 on; given by the journal.
  CallKind kind = CallKind::Count;
  std::string receipt;  ///< The client's run id, or one made at acceptance.
  std::string user;     ///< Who sent it.
  TimePoint received_at;
  std::string payload;  ///< What the database needs, as text.
};

}  // namespace osbackup::queue
