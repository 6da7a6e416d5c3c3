#include "support/scripted_server.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <utility>

namespace osbackup::test {
namespace {

/// Whether there is something to read or accept before the stop.
bool wait_for_input(int descriptor, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waited{.fd = descriptor, .events = POLLIN, .revents = 0};
    constexpr int kStopCheckMilliseconds = 20;
    if (::poll(&waited, 1, kStopCheckMilliseconds) > 0) return true;
  }
  return false;
}

bool send_all(int connection, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

/// Whether the connection goes on.
bool say(int connection, std::string text) {
  const bool hang_up = text.ends_with(ScriptedServer::kHangUp);
  if (hang_up) text.pop_back();
  return send_all(connection, text) && !hang_up;
}

}  // namespace

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)), thread_([this](const std::stop_token& stop) { serve(stop); }) {}

ScriptedServer::~ScriptedServer() = default;

void ScriptedServer::serve(const std::stop_token& stop) const {
  while (wait_for_input(listener_.socket().get(), stop)) {
    const system::FileDescriptor connection(::accept(listener_.socket().get(), nullptr, nullptr));
    if (connection && say(connection.get(), script_.greeting)) serve_connection(connection.get(), stop);
  }
}

void ScriptedServer::serve_connection(int connection, const std::stop_token& stop) const {
  std::string received;
  std::array<char, 4096> buffer{};
  while (wait_for_input(connection, stop)) {
    const ssize_t count = ::recv(connection, buffer.data(), buffer.size(), 0);
    if (count <= 0) return;
    received.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = received.find('\n'); end != std::string::npos; end = received.find('\n')) {
      std::string line = received.substr(0, end);
      received.erase(0, end + 1);
      if (line.ends_with('\r')) line.pop_back();
      if (!say(connection, script_.answer(line))) return;
    }
  }
}

}  // namespace osbackup::test
