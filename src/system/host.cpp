#include "system/host.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "system/file_descriptor.hpp"
#include "system/system_error.hpp"

namespace osbackup::system {
namespace {

std::optional<std::string> address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  if (address->sa_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (bytes == nullptr || inet_ntop(address->sa_family, bytes, text.data(), text.size()) == nullptr)
    return std::nullopt;
  return text.data();
}

std::optional<std::string> source_address(const addrinfo& target) {
  const FileDescriptor socket_handle(socket(target.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // connect() of a datagram socket only looks up the route.
  if (!socket_handle || connect(socket_handle.get(), target.ai_addr, target.ai_addrlen) != 0) return std::nullopt;
  sockaddr_storage local{};
  socklen_t length = sizeof(local);
  if (getsockname(socket_handle.get(), reinterpret_cast<sockaddr*>(&local), &length) != 0) return std::nullopt;
  return address_text(reinterpret_cast<const sockaddr*>(&local));
}

std::optional<std::string> interface_address() {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return std::nullopt;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(all, &freeifaddrs);
  for (const int family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* entry = all; entry != nullptr; entry = entry->ifa_next) {
      const bool usable = (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
      if (usable && entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == family)
        return address_text(entry->ifa_addr);
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_root() noexcept { return geteuid() == 0; }

std::string hostname() {
  utsname names{};
  if (uname(&names) != 0) throw system_error("ask for the host's name");
  return static_cast<const char*>(names.nodename);
}

std::string local_address_towards(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) == 0) {
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    for (const addrinfo* target = found; target != nullptr; target = target->ai_next)
      if (auto address = source_address(*target)) return *address;
  }
  return interface_address().value_or("127.0.0.1");
}

unsigned core_count() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

void write_syslog_error(const std::string& line) {
  openlog("osbackup", LOG_PID, LOG_CRON);
  syslog(LOG_ERR, "%s", line.c_str());
  closelog();
}

}  // namespace osbackup::system
