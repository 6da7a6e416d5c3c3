#include "transport/ssh_callbacks.hpp"

#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace osbackup::transport {
namespace {

/// What is on its way at most is asked for by the piece, some 2 MiB.
constexpr std::size_t kHeldBytesMax = 16U << 20U;

}  // namespace

SshHandle SshCallbacks::make_session() {
  SshHandle session = make_ssh_handle({.allocate = &allocate, .release = &release, .reallocate = &reallocate}, this);
  // libssh2's interface: every callback passes as a pointer to whatever.
  libssh2_session_callback_set(session.get(), LIBSSH2_CALLBACK_RECV, reinterpret_cast<void*>(&receive));
  return session;
}

void SshCallbacks::begin_call() noexcept {
  call_begun_ = std::chrono::steady_clock::now();
  vain_reads_ = 0;
  ending_.reset();
}

void* SshCallbacks::allocate(std::size_t bytes, void** self) noexcept {
  void* const memory = std::malloc(bytes);
  static_cast<SshCallbacks*>(*self)->held_bytes_ += ::malloc_usable_size(memory);
  return memory;
}

void* SshCallbacks::reallocate(void* memory, std::size_t bytes, void** self) noexcept {
  const std::size_t old_bytes = ::malloc_usable_size(memory);
  void* const moved = std::realloc(memory, bytes);
  if (moved) static_cast<SshCallbacks*>(*self)->held_bytes_ += ::malloc_usable_size(moved) - old_bytes;
  return moved;
}

void SshCallbacks::release(void* memory, void** self) noexcept {
  static_cast<SshCallbacks*>(*self)->held_bytes_ -= ::malloc_usable_size(memory);
  std::free(memory);
}

// The parameters are libssh2's.
// NOLINTNEXTLINE(readability-function-size)
ssize_t SshCallbacks::receive(int socket, void* out, std::size_t bytes, int flags, void** self) noexcept {
  SshCallbacks& callbacks = *static_cast<SshCallbacks*>(*self);
  if (callbacks.must_end()) return -ETIMEDOUT;
  const ssize_t count = ::recv(socket, out, bytes, flags);
  if (count >= 0) return count;
  if (errno != EAGAIN && errno != EINTR) return -errno;
  callbacks.wait_for_more(socket);
  return -EAGAIN;
}

bool SshCallbacks::must_end() noexcept {
  if (held_bytes_ > kHeldBytesMax) {
    ending_ = Ending::Flooded;
  } else if (limits_.must_stop()) {
    ending_ = Ending::Stopped;
  } else if (std::chrono::steady_clock::now() - call_begun_ >= limits_.timeout) {
    ending_ = Ending::Late;
  }
  return ending_.has_value();
}

/// Where libssh2 does not leave the waiting to us, it does not wait at all.
void SshCallbacks::wait_for_more(int socket) noexcept {
  // A call that sends as much as it can looks for answers once with each packet.
  constexpr unsigned kVainReadsMax = 1000;
  constexpr int kMilliseconds = 100;
  if (++vain_reads_ <= kVainReadsMax) return;
  pollfd waited{.fd = socket, .events = POLLIN, .revents = 0};
  ::poll(&waited, 1, kMilliseconds);
}

// The parameters are libssh2's.
// NOLINTNEXTLINE(readability-function-size)
void SshCallbacks::answer_prompts(const char*, int, const char*, int, int count,
                                  const LIBSSH2_USERAUTH_KBDINT_PROMPT* prompts,
                                  LIBSSH2_USERAUTH_KBDINT_RESPONSE* answers, void** self) noexcept {
  const std::string& password = static_cast<SshCallbacks*>(*self)->settings_.password.reveal();
  for (int i = 0; i < count; ++i) {
    if (prompts[i].echo != 0) continue;
    // libssh2 frees it.
    void* const answer = allocate(password.size() + 1, self);
    if (!answer) continue;
    std::memcpy(answer, password.c_str(), password.size() + 1);
    answers[i].text = static_cast<char*>(answer);
    answers[i].length = static_cast<unsigned>(password.size());
  }
}

}  // namespace osbackup::transport
