#pragma once

#include <mysql.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "sql/connection_options.hpp"

namespace osbackup::sql {

/// MariaDB's client library behind RAII: one session with a server, in the state that Connection promises. What it and
/// its statements throw is Error. One thread at a time.
class MariaDbSession {
 public:
  /// Connects. LoginRefused, Denied, NotFound (the database), Unavailable.
  explicit MariaDbSession(const MariaDbOptions& options);

  MYSQL* handle() const noexcept { return handle_.get(); }

  /// What people know the database by.
  const std::string& name() const noexcept { return name_; }

  /// Whether the server takes many rows of values in one message.
  bool has_bulk() const noexcept { return has_bulk_; }

  /// The most bytes of values that the server takes in one message.
  std::size_t message_bytes_max() const noexcept { return message_bytes_max_; }

  /// Runs a statement without values. Its rows, if it gives any, are to be fetched or freed before the next.
  void run(std::string_view statement);

  /// Throws the last failure of the session, or of a statement of it, as Error.
  [[noreturn]] void fail();
  [[noreturn]] void fail(MYSQL_STMT* statement);

  /// Whether the session serves no more.
  bool lost() const noexcept { return lost_; }

 private:
  struct Close {
    void operator()(MYSQL* session) const noexcept { mysql_close(session); }
  };

  void set_options(const MariaDbOptions& options);
  void prepare_session(const MariaDbOptions& options);
  void read_limits();

  std::string name_;
  std::unique_ptr<MYSQL, Close> handle_;
  bool has_bulk_ = false;
  std::size_t message_bytes_max_ = 0;
  bool lost_ = false;
};

}  // namespace osbackup::sql
