#include "server/user_directory.hpp"

#include "server/kept_users.hpp"

namespace osbackup::server {

UserDirectory::UserDirectory(database::UserStore& store, Options options)
    : store_(store), options_(std::move(options)), users_(read_or_recall()) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      wake_.wait_for(lock, stop, options_.interval, [] { return false; });
      lock.unlock();
      try {
        if (!stop.stop_requested()) refresh();
      } catch (const std::exception&) {
        // The edge of this thread: the known users stay, and the next reading may succeed.
      }
      lock.lock();
    }
  });
}

std::shared_ptr<const UserDirectory::Users> UserDirectory::read() {
  auto users = std::make_shared<Users>();
  for (database::User& user : store_.list()) users->emplace(user.name, user);
  return users;
}

std::shared_ptr<const UserDirectory::Users> UserDirectory::read_or_recall() {
  std::shared_ptr<const Users> users;
  std::optional<Error> problem;
  try {
    users = read();
    keep(users);
  } catch (const Error& error) {
    if (!users && error.kind() == ErrorKind::Unavailable) users = recall();
    if (!users) throw;
    problem = error;
  }
  failing_ = problem.has_value();
  if (problem && options_.on_problem) options_.on_problem(*problem);
  return users;
}

/// Null when none were kept.
std::shared_ptr<const UserDirectory::Users> UserDirectory::recall() const {
  if (!options_.kept) return nullptr;
  const std::optional<std::vector<database::User>> kept = KeptUsers(*options_.kept).load();
  if (!kept) return nullptr;
  auto users = std::make_shared<Users>();
  for (const database::User& user : *kept) users->emplace(user.name, user);
  return users;
}

void UserDirectory::keep(const std::shared_ptr<const Users>& users) {
  if (!options_.kept || (kept_ && *kept_ == *users)) return;
  std::vector<database::User> list;
  for (const auto& [name, user] : *users) list.push_back(user);
  KeptUsers(*options_.kept).store(list);
  kept_ = users;
}

std::optional<database::User> UserDirectory::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_->find(name);
  return found == users_->end() ? std::nullopt : std::optional(found->second);
}

void UserDirectory::refresh() {
  // So that no older reading takes the place of a newer one.
  const std::lock_guard reading(reading_mutex_);
  std::optional<Error> problem;
  std::shared_ptr<const Users> users;
  try {
    users = read();
    keep(users);
  } catch (const Error& error) {
    problem = error;
  } catch (const std::exception& bug) {
    problem = Error(ErrorKind::Internal, bug.what());
  }
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    if (users) users_ = std::move(users);
    tell = problem && !failing_;
    failing_ = problem.has_value();
  }
  if (tell && options_.on_problem) options_.on_problem(*problem);
}

}  // namespace osbackup::server
