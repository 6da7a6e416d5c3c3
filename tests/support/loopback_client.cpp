#include "support/loopback_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace osbackup::test {

namespace {

int connect_to(std::uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return descriptor;
  ::close(descriptor);
  return -1;
}

}  // namespace

LoopbackClient::LoopbackClient(std::uint16_t port) : socket_(connect_to(port)) {
  if (socket_ < 0) throw std::system_error(errno, std::generic_category(), "connect to port " + std::to_string(port));
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

LoopbackClient::~LoopbackClient() {
  if (socket_ >= 0) ::close(socket_);
}

void LoopbackClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) throw std::system_error(errno, std::generic_category(), "send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

void LoopbackClient::end_sending() { ::shutdown(socket_, SHUT_WR); }

HttpAnswer LoopbackClient::receive(bool head_only) {
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive_more()) throw std::runtime_error("connection ended instead of an answer, after: " + received_);
  }
  HttpAnswer answer{.status = 0, .head = received_.substr(0, end + 4), .body = {}};
  answer.status =
      static_cast<unsigned>(std::strtoul(answer.head.c_str() + std::string_view("HTTP/1.1 ").size(), nullptr, 10));
  received_.erase(0, end + 4);

  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t length_at = answer.head.find(kLength);
  if (head_only || length_at == std::string::npos) return answer;
  const std::size_t length = std::strtoul(answer.head.c_str() + length_at + kLength.size(), nullptr, 10);
  while (received_.size() < length) {
    if (!receive_more()) throw std::runtime_error("connection ended in the body");
  }
  answer.body = received_.substr(0, length);
  received_.erase(0, length);
  return answer;
}

std::string LoopbackClient::receive_rest() {
  while (receive_more()) {
  }
  return std::move(received_);
}

bool LoopbackClient::receive_more() {
  std::array<char, 4096> bytes{};
  const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (count < 0 && errno != ECONNRESET) throw std::system_error(errno, std::generic_category(), "receive");
  if (count <= 0) return false;
  received_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

bool accepts_connections(std::uint16_t port) {
  const int descriptor = connect_to(port);
  if (descriptor >= 0) ::close(descriptor);
  return descriptor >= 0;
}

}  // namespace osbackup::test
