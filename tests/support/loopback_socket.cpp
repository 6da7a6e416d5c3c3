#include "support/loopback_socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "support/free_port.hpp"
#include "system/system_error.hpp"

namespace osbackup::test {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;

  SocketAddress(const std::string& address, std::uint16_t port) {
    auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
    auto* four = reinterpret_cast<sockaddr_in*>(&storage);
    if (inet_pton(AF_INET6, address.c_str(), &six->sin6_addr) == 1) {
      six->sin6_family = AF_INET6;
      six->sin6_port = htons(port);
      bytes = sizeof *six;
    } else if (inet_pton(AF_INET, address.c_str(), &four->sin_addr) == 1) {
      four->sin_family = AF_INET;
      four->sin_port = htons(port);
      bytes = sizeof *four;
    } else {
      throw Error(ErrorKind::Usage, address + " is no address");
    }
  }

  sockaddr* pointer() { return reinterpret_cast<sockaddr*>(&storage); }
};

system::FileDescriptor stream_socket(const SocketAddress& address) {
  system::FileDescriptor made(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) throw system::system_error("make a socket");
  return made;
}

}  // namespace

LoopbackListener::LoopbackListener(const std::string& address) {
  SocketAddress bound(address, 0);
  socket_ = stream_socket(bound);
  if (::bind(socket_.get(), bound.pointer(), bound.bytes) != 0 || ::listen(socket_.get(), 64) != 0)
    throw system::system_error("listen at " + address);
  socklen_t bytes = sizeof bound.storage;
  if (::getsockname(socket_.get(), bound.pointer(), &bytes) != 0) throw system::system_error("ask for the port");
  // The port lies at the same place in both families.
  port_ = ntohs(reinterpret_cast<const sockaddr_in*>(&bound.storage)->sin_port);
}

system::FileDescriptor connect_loopback(const std::string& address, std::uint16_t port) {
  SocketAddress peer(address, port);
  system::FileDescriptor connected = stream_socket(peer);
  if (::connect(connected.get(), peer.pointer(), peer.bytes) != 0) return {};
  return connected;
}

std::uint16_t free_port(const std::string& address) { return LoopbackListener(address).port(); }

bool is_listening(const std::string& address, std::uint16_t port) {
  return static_cast<bool>(connect_loopback(address, port));
}

}  // namespace osbackup::test
