#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "sql/connection.hpp"

namespace osbackup::sql {

/// Connections to one database, opened when they are needed and used again. Thread-safe. Outlives its leases.
class ConnectionPool {
 public:
  /// A connection on loan to one thread; given back when destroyed, and dropped if it broke.
  class Lease {
   public:
    Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_));
    }

    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  struct Options {
    ConnectionOptions connection;
    std::size_t connections_max = 4;
    std::chrono::milliseconds lease_timeout{10'000};
  };

  explicit ConnectionPool(Options options);

  /// Waits for a free connection. Unavailable when none came free in time, and what opening one throws.
  Lease lease();

 private:
  void give_back(std::unique_ptr<Connection> connection) noexcept;

  const Options options_;
  std::mutex mutex_;
  std::condition_variable came_free_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;  ///< On loan, being opened, or idle.
};

}  // namespace osbackup::sql
