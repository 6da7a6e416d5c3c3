#include "server/authenticator.hpp"

#include <fmt/format.h>

#include "crypto/password_hash.hpp"
#include "crypto/random.hpp"

namespace osbackup::server {
namespace {

constexpr std::size_t kSaltBytes = 32;

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  crypto::fill_random(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

Error denied() { return {ErrorKind::Denied, "user or password is wrong"}; }

}  // namespace

Authenticator::Authenticator(UserDirectory& directory, Options options)
    : directory_(directory),
      options_(options),
      salt_(random_bytes(kSaltBytes)),
      nobody_hash_(crypto::hash_password(Secret(random_bytes(kSaltBytes)))) {
  for (std::size_t i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { run(); });
}

Authenticator::~Authenticator() { stop(); }

Authenticator::Key Authenticator::key_of(const BasicCredentials& credentials, std::string_view stored_hash) const {
  const std::string& password = credentials.password.reveal();
  // The lengths keep ("ab", "c") apart from ("a", "bc").
  const std::string text = fmt::format("{}{}:{}:{}{}{}", salt_, credentials.user.size(), password.size(),
                                       credentials.user, password, stored_hash);
  return crypto::sha256(std::as_bytes(std::span(text)));
}

void Authenticator::check(std::string_view authorization, Answer answer) {
  std::optional<BasicCredentials> credentials = parse_basic_credentials(authorization);
  if (!credentials) return answer(Error(ErrorKind::Denied, "a user and a password are needed (Basic authentication)"));
  const std::optional<database::User> user = directory_.find(credentials->user);
  const Key key = key_of(*credentials, user ? user->password_hash : std::string());
  {
    const std::lock_guard lock(mutex_);
    if (!user || !remembered_.contains(key)) {
      const auto job = jobs_.find(key);
      if (job != jobs_.end()) {
        job->second.answers.push_back(std::move(answer));
        return;
      }
      if (!stopping_ && waiting_.size() < options_.waiting_max) {
        jobs_[key] = {std::move(*credentials), {std::move(answer)}};
        waiting_.push_back(key);
        work_.notify_one();
        return;
      }
      // Answered below, without the lock.
      credentials.reset();
    }
  }
  if (!credentials) return answer(Error(ErrorKind::Unavailable, "too many logins at once"));
  answer(Login{user->name, user->role});
}

void Authenticator::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    const Key key = waiting_.front();
    waiting_.pop_front();
    const BasicCredentials credentials = jobs_.at(key).credentials;
    lock.unlock();
    Verdict verdict = denied();
    try {
      verdict = verify(credentials);
    } catch (const Error& error) {
      verdict = error;
    } catch (const std::exception& bug) {
      verdict = Error(ErrorKind::Internal, bug.what());
    }
    lock.lock();
    const std::vector<Answer> answers = std::move(jobs_.at(key).answers);
    jobs_.erase(key);
    lock.unlock();
    for (const Answer& answer : answers) {
      try {
        answer(verdict);
      } catch (const std::exception&) {
        // The edge of this thread: one request's failure does not end the others. It is answered 500 as it goes.
      }
    }
    lock.lock();
  }
}

Authenticator::Verdict Authenticator::verify(const BasicCredentials& credentials) {
  std::string tried = nobody_hash_;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::optional<database::User> user = directory_.find(credentials.user);
    const std::string& stored = user ? user->password_hash : nobody_hash_;
    if (attempt > 0 && stored == tried) break;
    if (crypto::verify_password(credentials.password, stored) && user) {
      remember(key_of(credentials, stored));
      return Login{user->name, user->role};
    }
    tried = stored;
    // The user may be new, or the password, since the directory was read.
    directory_.refresh();
  }
  return denied();
}

void Authenticator::remember(const Key& key) {
  const std::lock_guard lock(mutex_);
  if (!remembered_.insert(key).second) return;
  remembered_order_.push_back(key);
  if (remembered_order_.size() <= options_.remembered_max) return;
  remembered_.erase(remembered_order_.front());
  remembered_order_.pop_front();
}

void Authenticator::stop() {
  std::map<Key, Job> unanswered;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  threads_.clear();
  {
    const std::lock_guard lock(mutex_);
    unanswered.swap(jobs_);
    waiting_.clear();
  }
  for (const auto& [key, job] : unanswered)
    for (const Answer& answer : job.answers) answer(Error(ErrorKind::Unavailable, "the server is stopping"));
}

}  // namespace osbackup::server
