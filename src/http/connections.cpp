#include "http/connections.hpp"

#include <vector>

#include "http/session.hpp"

namespace osbackup::http {

namespace {

// Connections that are being told 503, at most: a flood of them must not cost what the limit is there to save.
constexpr std::size_t kRefusalsMax = 64;

}  // namespace

Admission Connections::add(const std::shared_ptr<Session>& session) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return Admission::Drop;
  const Admission admission = served_ < serve_max_ ? Admission::Serve : Admission::Refuse;
  if (admission == Admission::Refuse && open_.size() - served_ >= kRefusalsMax) return Admission::Drop;
  if (admission == Admission::Serve) ++served_;
  open_.emplace(session.get(), Open{session, admission});
  return admission;
}

void Connections::remove(const Session* session) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(session);
  if (found == open_.end()) return;
  if (found->second.admission == Admission::Serve) --served_;
  open_.erase(found);
  if (open_.empty()) none_.notify_all();
}

void Connections::stop() {
  std::vector<std::shared_ptr<Session>> sessions;  // Let go without the lock: a session's end calls remove().
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [key, open] : open_) {
      if (auto alive = open.session.lock()) sessions.push_back(std::move(alive));
    }
  }
  for (const auto& session : sessions) session->stop_when_idle();
}

bool Connections::wait_until_none(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, patience, [this] { return open_.empty(); });
}

}  // namespace osbackup::http
