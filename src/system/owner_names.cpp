#include "system/owner_names.hpp"

#include <grp.h>
#include <pwd.h>

#include <cerrno>
#include <vector>

namespace osbackup::system {
namespace {

constexpr std::size_t kFirstBufferBytes = 4096;
constexpr std::size_t kBufferBytesMax = 1U << 20U;

/// Asks `look_up(record, buffer, size, found)` with a growing buffer, as getpwuid_r and its like want it; gives what
/// `value` makes of the record, and of none what a value is by default.
template <class Record, class LookUp, class GetValue>
auto ask(LookUp look_up, GetValue value) {
  std::vector<char> buffer(kFirstBufferBytes);
  for (;;) {
    Record record{};
    Record* found = nullptr;
    const int code = look_up(&record, buffer.data(), buffer.size(), &found);
    if (code == ERANGE && buffer.size() < kBufferBytesMax) {
      buffer.resize(buffer.size() * 2);
      continue;
    }
    if (code == EINTR) continue;
    return found == nullptr ? decltype(value(*found))() : value(*found);
  }
}

}  // namespace

std::filesystem::path home_directory(uid_t id) {
  return ask<passwd>([id](passwd* record, char* buffer, std::size_t size,
                          passwd** found) { return getpwuid_r(id, record, buffer, size, found); },
                     [](const passwd& record) { return std::filesystem::path(record.pw_dir); });
}

std::string OwnerNames::user(uid_t id) {
  const std::scoped_lock lock(mutex_);
  if (const auto known = users_.find(id); known != users_.end()) return known->second;
  std::string name = ask<passwd>([id](passwd* record, char* buffer, std::size_t size,
                                      passwd** found) { return getpwuid_r(id, record, buffer, size, found); },
                                 [](const passwd& record) { return std::string(record.pw_name); });
  return users_.emplace(id, std::move(name)).first->second;
}

std::string OwnerNames::group(gid_t id) {
  const std::scoped_lock lock(mutex_);
  if (const auto known = groups_.find(id); known != groups_.end()) return known->second;
  std::string name =
      ask<struct group>([id](struct group* record, char* buffer, std::size_t size,
                             struct group** found) { return getgrgid_r(id, record, buffer, size, found); },
                        [](const struct group& record) { return std::string(record.gr_name); });
  return groups_.emplace(id, std::move(name)).first->second;
}

std::optional<uid_t> user_id(const std::string& name) {
  return ask<passwd>([&](passwd* record, char* buffer, std::size_t size,
                         passwd** found) { return getpwnam_r(name.c_str(), record, buffer, size, found); },
                     [](const passwd& record) { return std::optional(record.pw_uid); });
}

std::optional<gid_t> group_id(const std::string& name) {
  return ask<struct group>([&](struct group* record, char* buffer, std::size_t size,
                               struct group** found) { return getgrnam_r(name.c_str(), record, buffer, size, found); },
                           [](const struct group& record) { return std::optional(record.gr_gid); });
}

}  // namespace osbackup::system
