#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/value.hpp"

namespace osbackup::sql {

/// Which database, and how long to wait for somebody else's lock on it.
struct ConnectionOptions {
  std::filesystem::path file;
  std::chrono::milliseconds busy_timeout{5000};
};

/// One connection to a SQLite database (WAL, synchronous=FULL: what was committed survives a loss of power).
///
/// Not shared between threads. Statements are written with `?` for each value. Every function throws Error, whose text
/// holds the database's own reason and never a bound value: Unavailable (locked, cannot be read or written now),
/// NoSpace, Denied (no permission), Corrupt, Exists (a constraint refused the row), Internal (the statement is wrong).
class Connection {
 public:
  /// Opens the database. A missing file is made with mode 0600, a missing directory with 0700; a file that others may
  /// read is closed to them, a link is refused (Denied).
  explicit Connection(ConnectionOptions options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Runs a statement that gives no rows. Returns how many rows it changed.
  std::uint64_t execute(std::string_view statement, const Values& values = {});

  /// Runs a statement that gives rows of `columns` columns, and fetches them all.
  std::vector<Row> query(std::string_view statement, std::size_t columns, const Values& values = {});

  /// Begins a transaction that may write from the start, so that it cannot fail for a lock halfway.
  void begin();
  void commit();

  /// Undoes the open transaction. When that fails the connection is broken, and is not to be used again.
  void roll_back() noexcept;
  bool broken() const noexcept { return broken_; }

 private:
  struct Session;
  class Prepared;
  Prepared& prepare(std::string_view statement, std::size_t columns, const Values& values);

  ConnectionOptions options_;
  std::unique_ptr<Session> session_;
  bool broken_ = false;
};

}  // namespace osbackup::sql
