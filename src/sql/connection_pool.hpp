#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "sql/connection.hpp"

namespace osbackup::sql {

/// Connections to one database, opened when they are needed and used again. Thread-safe. Outlives its leases.
///
/// A connection that broke is not handed out again. One that was idle for a while is first asked whether the database
/// still answers, and is replaced when it does not.
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
    std::chrono::milliseconds trusted_idle{1'000};  ///< For how long nobody asks an idle connection whether it lives.
  };

  explicit ConnectionPool(Options options);

  /// Waits for a free connection: at most `lease_timeout`, and what the connection's own timeouts allow for asking and
  /// opening. Unavailable when none came free in time, and what opening one throws.
  Lease lease();

 private:
  using Clock = std::chrono::steady_clock;
  struct Idle {
    std::unique_ptr<Connection> connection;
    Clock::time_point since;
  };

  Idle take_place();
  void give_up_place() noexcept;
  void give_back(std::unique_ptr<Connection> connection) noexcept;

  const Options options_;
  std::mutex mutex_;
  std::condition_variable came_free_;
  std::vector<Idle> idle_;
  std::size_t open_ = 0;  ///< On loan, being opened, or idle.
};

}  // namespace osbackup::sql
