#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace osbackup::sql {

/// What MariaDB's client library tells of a failure.
struct MariaDbFailure {
  unsigned code = 0;       ///< Below 2000 and from 3000 on the server's, else the library's own.
  std::string_view state;  ///< SQLSTATE: five characters, of which the first two are a class.
  std::string_view message;
};

/// The failure as Connection throws it. What the server says of a value is cut down to the column or key.
Error error_of(const std::string& database, const MariaDbFailure& failure);

/// Whether the session can serve no more: it is lost, or its server is about to be another's.
bool ends_session(const MariaDbFailure& failure) noexcept;

}  // namespace osbackup::sql
