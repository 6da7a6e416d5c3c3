#include "sql/connection_pool.hpp"

#include <fmt/format.h>

#include <cassert>

#include "core/error.hpp"

namespace osbackup::sql {

ConnectionPool::ConnectionPool(Options options) : options_(std::move(options)) {
  assert(options_.connections_max > 0);
  idle_.reserve(options_.connections_max);  // So that giving back cannot fail.
}

ConnectionPool::Lease ConnectionPool::lease() {
  Idle taken = take_place();
  if (taken.connection) {
    if (Clock::now() - taken.since < options_.trusted_idle || taken.connection->answers())
      return {*this, std::move(taken.connection)};
    // Not the next idle one, which what ended this one may have ended as well: asking each would take its time.
    taken.connection.reset();
  }
  try {
    return {*this, open_connection(options_.connection)};
  } catch (...) {
    give_up_place();
    throw;
  }
}

/// An idle connection, or none: then there is room for a new one.
ConnectionPool::Idle ConnectionPool::take_place() {
  std::unique_lock lock(mutex_);
  const bool free = came_free_.wait_for(lock, options_.lease_timeout,
                                        [this] { return !idle_.empty() || open_ < options_.connections_max; });
  if (!free)
    throw Error(ErrorKind::Unavailable, fmt::format("database {}: all {} connections are in use",
                                                    name_of(options_.connection), options_.connections_max));
  if (idle_.empty()) {
    ++open_;
    return {};
  }
  Idle taken = std::move(idle_.back());
  idle_.pop_back();
  return taken;
}

void ConnectionPool::give_up_place() noexcept {
  const std::lock_guard lock(mutex_);
  --open_;
  came_free_.notify_one();
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) noexcept {
  if (connection->broken()) {
    connection.reset();
    give_up_place();
    return;
  }
  const std::lock_guard lock(mutex_);
  idle_.push_back({std::move(connection), Clock::now()});
  came_free_.notify_one();
}

}  // namespace osbackup::sql
