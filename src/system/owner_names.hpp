#pragma once

#include <sys/types.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace osbackup::system {

/// The names of users and groups, each asked for once: behind the C library may be a directory service that is slow.
/// Thread-safe.
class OwnerNames {
 public:
  /// The name of an id; empty when it has none.
  std::string user(uid_t id);
  std::string group(gid_t id);

 private:
  std::mutex mutex_;
  std::unordered_map<uid_t, std::string> users_;
  std::unordered_map<gid_t, std::string> groups_;
};

/// The id of a user or group of this name; nothing when there is none. Asks each time. Thread-safe.
std::optional<uid_t> user_id(const std::string& name);
/// The same for a group.
std::optional<gid_t> group_id(const std::string& name);

/// A user's home directory by the password database; empty when it does not know the user. Thread-safe.
std::filesystem::path home_directory(uid_t id);

}  // namespace osbackup::system
