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
  std::unique_lock lock(mutex_);
  const bool free = came_free_.wait_for(lock, options_.lease_timeout,
                                        [this] { return !idle_.empty() || open_ < options_.connections_max; });
  if (!free)
    throw Error(ErrorKind::Unavailable, fmt::format("database {}: all {} connections are in use",
                                                    options_.connection.file.string(), options_.connections_max));
  if (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    return {*this, std::move(connection)};
  }
  ++open_;
  lock.unlock();
  try {
    return {*this, std::make_unique<Connection>(options_.connection)};
  } catch (...) {
    lock.lock();
    --open_;
    came_free_.notify_one();
    throw;
  }
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) noexcept {
  const std::lock_guard lock(mutex_);
  if (connection->broken())
    --open_;
  else
    idle_.push_back(std::move(connection));
  came_free_.notify_one();
}

}  // namespace osbackup::sql
