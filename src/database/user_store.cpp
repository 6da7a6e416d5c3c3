#include "database/user_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/time_format.hpp"
#include "crypto/password_hash.hpp"

namespace osbackup::database {
namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kPasswordBytesMax = 1024;

void check_name(const std::string& name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-";
  if (name.empty() || name.size() > kNameBytesMax || name.find_first_not_of(kAllowed) != std::string::npos)
    throw Error(ErrorKind::Usage,
                fmt::format("the user name \"{}\" must be 1 to {} of the characters A-Z a-z 0-9 . _ @ -",
                            printable(name, kNameBytesMax), kNameBytesMax));
}

void check_password(const Secret& password) {
  const std::string& text = password.reveal();
  if (text.empty()) throw Error(ErrorKind::Usage, "the password is empty");
  if (text.size() > kPasswordBytesMax)
    throw Error(ErrorKind::Usage, fmt::format("the password is longer than {} bytes", kPasswordBytesMax));
  // Such a password could be typed nowhere, and usually is a file with two lines.
  if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
    throw Error(ErrorKind::Usage, "the password has a control character or more than one line");
}

}  // namespace

std::string_view name_of(Role role) noexcept {
  switch (role) {
    case Role::Agent:
      return "agent";
    case Role::Viewer:
      return "viewer";
    case Role::Admin:
      return "admin";
  }
  return "agent";
}

Role role_from_name(std::string_view name) {
  for (const Role role : {Role::Agent, Role::Viewer, Role::Admin})
    if (name_of(role) == name) return role;
  throw Error(ErrorKind::Usage, fmt::format("the role {} must be agent, viewer or admin", printable(name, 32)));
}

void UserStore::add(const NewUser& user, TimePoint now) {
  check_name(user.name);
  check_password(user.password);
  const std::string hash = crypto::hash_password(user.password);
  const sql::ConnectionPool::Lease connection = pool_.lease();
  try {
    connection->execute("INSERT INTO users (name, role, password_hash, created_at) VALUES (?, ?, ?, ?)",
                        {user.name, name_of(user.role), hash, rfc3339(now)});
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Exists) throw;
    throw Error(ErrorKind::Exists, fmt::format("the user {} exists already: remove it first", user.name));
  }
}

void UserStore::remove(const std::string& name) {
  const sql::ConnectionPool::Lease connection = pool_.lease();
  if (connection->execute("DELETE FROM users WHERE name = ?", {name}) == 0)
    throw Error(ErrorKind::NotFound, fmt::format("there is no user {}", printable(name, kNameBytesMax)));
}

std::vector<User> UserStore::list() {
  const sql::ConnectionPool::Lease connection = pool_.lease();
  std::vector<User> users;
  for (const sql::Row& row :
       connection->query("SELECT name, role, password_hash, created_at FROM users ORDER BY name", 4))
    users.push_back({row.text(0), role_from_name(row.text(1)), row.text(2), row.text(3)});
  return users;
}

}  // namespace osbackup::database
