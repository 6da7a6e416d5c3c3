#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "core/secret.hpp"
#include "sql/connection_pool.hpp"

namespace osbackup::database {

/// What a user may do.
enum class Role {
  Agent,   ///< Report backups.
  Viewer,  ///< Read.
  Admin,   ///< Both.
};

/// `agent`, `viewer` or `admin`, as the command line and the table have it.
std::string_view name_of(Role role) noexcept;

/// Usage when the text is no role.
Role role_from_name(std::string_view name);

/// Somebody who may log in, as the table has it.
struct User {
  std::string name;
  Role role = Role::Agent;
  std::string password_hash;  ///< crypto::hash_password's line.
  std::string created_at;     ///< RFC 3339, UTC.

  bool operator==(const User&) const = default;
};

/// Somebody to be added.
struct NewUser {
  std::string name;
  Role role = Role::Agent;
  Secret password;
};

/// The table `users`. Thread-safe.
class UserStore {
 public:
  /// `pool` outlives the store, and its database has the schema of migrations().
  explicit UserStore(sql::ConnectionPool& pool) : pool_(pool) {}

  /// Usage when the name is not 1 to 64 of `A-Za-z0-9._@-`, or the password is empty, longer than 1,024 bytes or has
  /// control characters; Exists when the name is taken.
  void add(const NewUser& user, TimePoint now);

  /// NotFound when there is no such user.
  void remove(const std::string& name);

  /// All users, by name.
  std::vector<User> list();

 private:
  sql::ConnectionPool& pool_;
};

}  // namespace osbackup::database
