#include "server/kept_users.hpp"

#include "core/error.hpp"
#include "core/json.hpp"
#include "system/file.hpp"

namespace osbackup::server {
namespace {

constexpr std::size_t kBytesMax = 64U << 20U;

// Names of the file's fields.
constexpr std::string_view kName = "name";
constexpr std::string_view kRole = "role";
constexpr std::string_view kPasswordHash = "password_hash";
constexpr std::string_view kCreatedAt = "created_at";

std::string text_of(const json::Value& user, std::string_view field) {
  return std::string(user.as_object().at(field).as_string());
}

}  // namespace

void KeptUsers::store(const std::vector<database::User>& users) const {
  json::Array kept;
  for (const database::User& user : users)
    kept.push_back(json::Object{{kName, user.name},
                                {kRole, database::name_of(user.role)},
                                {kPasswordHash, user.password_hash},
                                {kCreatedAt, user.created_at}});
  system::write_file_durably(file_, json::serialize(kept));
}

std::optional<std::vector<database::User>> KeptUsers::load() const {
  try {
    const json::Value kept = json::parse(system::read_file(file_, kBytesMax));
    std::vector<database::User> users;
    for (const json::Value& user : kept.as_array())
      users.push_back({.name = text_of(user, kName),
                       .role = database::role_from_name(text_of(user, kRole)),
                       .password_hash = text_of(user, kPasswordHash),
                       .created_at = text_of(user, kCreatedAt)});
    return users;
  } catch (const std::exception&) {
    // Then the database has to be there, and its own error says so.
    return std::nullopt;
  }
}

}  // namespace osbackup::server
