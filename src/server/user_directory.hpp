#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/error.hpp"
#include "database/user_store.hpp"

namespace osbackup::server {

/// The users as they were in the database a moment ago, in memory, so that a request need not wait for the database.
///
/// Read again every `interval`: for so long a removed user or an old password may still be let in. When the database
/// is away the last known users stay; with `kept` also over a restart. Thread-safe.
class UserDirectory {
 public:
  struct Options {
    std::chrono::milliseconds interval{2000};
    /// The file of KeptUsers; nothing is kept when there is none.
    std::optional<std::filesystem::path> kept{};
    /// Told once when reading begins to fail, and not again until it has succeeded.
    std::function<void(const Error&)> on_problem;
  };

  /// Reads the users, and throws what that throws. But when the database is Unavailable those that were kept do, and
  /// `on_problem` is told. `store` outlives the object.
  UserDirectory(database::UserStore& store, Options options);

  std::optional<database::User> find(const std::string& name) const;

  /// Reads the users now.
  void refresh();

 private:
  using Users = std::map<std::string, database::User, std::less<>>;
  std::shared_ptr<const Users> read();
  std::shared_ptr<const Users> read_or_recall();
  std::shared_ptr<const Users> recall() const;
  void keep(const std::shared_ptr<const Users>& users);

  database::UserStore& store_;
  const Options options_;
  std::mutex reading_mutex_;             ///< Of whoever reads the database; taken before mutex_.
  std::shared_ptr<const Users> kept_{};  ///< What the file has.
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  bool failing_ = false;
  std::shared_ptr<const Users> users_;
  std::jthread thread_;
};

}  // namespace osbackup::server
