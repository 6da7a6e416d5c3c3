#pragma once

#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "database/user_store.hpp"

namespace osbackup::server {

/// The users as the database had them last, in a file that only the server may read: for a start while the database is
/// away. One thread at a time.
class KeptUsers {
 public:
  explicit KeptUsers(std::filesystem::path file) : file_(std::move(file)) {}

  /// Replaces the file in one step. NoSpace, Denied, Unavailable.
  void store(const std::vector<database::User>& users) const;

  /// None when nothing was kept, or it cannot be read.
  std::optional<std::vector<database::User>> load() const;

 private:
  std::filesystem::path file_;
};

}  // namespace osbackup::server
