#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "crypto/digest.hpp"
#include "server/basic_credentials.hpp"
#include "server/user_directory.hpp"

namespace osbackup::server {

/// Who sent a request.
struct Login {
  std::string user;
  database::Role role = database::Role::Agent;
};

/// Checks the passwords of requests. A password is hashed once, on threads kept for that; what was found right is
/// remembered under a salted digest of user, password and stored hash, so a changed password is checked anew.
/// Thread-safe.
class Authenticator {
 public:
  struct Options {
    std::size_t threads = 2;
    std::size_t waiting_max = 64;  ///< Different logins that wait to be hashed; 50 ms each.
    std::size_t remembered_max = 10'000;
  };

  /// The login, or why there is none: Denied, or Unavailable when too many wait already.
  using Verdict = std::variant<Login, Error>;
  using Answer = std::function<void(Verdict)>;

  /// `directory` outlives the object.
  Authenticator(UserDirectory& directory, Options options);

  /// stop()
  ~Authenticator();

  /// Checks an Authorization header's value and calls `answer` once: at once when the login is remembered, refused or
  /// malformed, else from one of the threads, where what it throws is dropped. Does not block.
  void check(std::string_view authorization, Answer answer);

  /// Ends the threads; what still waits is answered with Unavailable. May be called again.
  void stop();

 private:
  struct Job {
    BasicCredentials credentials;
    std::vector<Answer> answers;  ///< Of all requests that came with the same login meanwhile.
  };
  using Key = crypto::Sha256Digest;

  Key key_of(const BasicCredentials& credentials, std::string_view stored_hash) const;
  void run();
  Verdict verify(const BasicCredentials& credentials);
  void remember(const Key& key);

  UserDirectory& directory_;
  const Options options_;
  const std::string salt_;
  const std::string nobody_hash_;  ///< Compared with for unknown users, so that they take as long as known ones.

  std::mutex mutex_;
  std::condition_variable work_;
  std::map<Key, Job> jobs_;
  std::deque<Key> waiting_;
  std::set<Key> remembered_;
  std::deque<Key> remembered_order_;  ///< Oldest first.
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace osbackup::server
