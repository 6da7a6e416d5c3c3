#include "client/standard_output.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>

#include "core/error.hpp"
#include "system/system_error.hpp"

namespace osbackup::client {
namespace {

/// A file takes what it is given at once. What else there is, a pipe or a terminal, has room for no more than this.
std::size_t piece_bytes() {
  constexpr std::size_t kLargePieceBytes = 1U << 20U;
  struct stat status {};
  return fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode) ? kLargePieceBytes : PIPE_BUF;
}

}  // namespace

StandardOutput::StandardOutput(std::stop_token stop) : stop_(std::move(stop)), piece_bytes_(piece_bytes()) {}

void StandardOutput::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    wait_for_room();
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), std::min(bytes.size(), piece_bytes_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) {
      is_closed_ = true;
      throw Error(ErrorKind::Cancelled, "nobody reads standard output any more");
    }
    if (written < 0) throw system::system_error("write to standard output");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void StandardOutput::wait_for_room() const {
  constexpr int kLookAtStopMilliseconds = 100;
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  while (true) {
    if (stop_.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
    if (poll(&output, 1, kLookAtStopMilliseconds) != 0) return;
  }
}

}  // namespace osbackup::client
