#include "server/user_directory.hpp"

namespace osbackup::server {

UserDirectory::UserDirectory(database::UserStore& store, Options options)
    : store_(store), options_(std::move(options)), users_(read()) {
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

std::optional<database::User> UserDirectory::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_->find(name);
  return found == users_->end() ? std::nullopt : std::optional(found->second);
}

void UserDirectory::refresh() {
  std::optional<Error> problem;
  std::shared_ptr<const Users> users;
  try {
    users = read();
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
