#include "transport/host_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "transport/ssh_handle.hpp"

namespace osbackup::transport {
namespace {

constexpr std::string_view kRevoked = "@revoked";
constexpr std::uint16_t kUsualPort = 22;

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// libssh2 wants lines one by one: it stops at the first that it does not understand.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

std::string method_of(int type) {
  switch (type) {
    case LIBSSH2_KNOWNHOST_KEY_ED25519:
      return "ssh-ed25519";
    case LIBSSH2_KNOWNHOST_KEY_ECDSA_256:
      return "ecdsa-sha2-nistp256";
    case LIBSSH2_KNOWNHOST_KEY_ECDSA_384:
      return "ecdsa-sha2-nistp384";
    case LIBSSH2_KNOWNHOST_KEY_ECDSA_521:
      return "ecdsa-sha2-nistp521";
    case LIBSSH2_KNOWNHOST_KEY_SSHRSA:
      return "rsa-sha2-512,rsa-sha2-256,ssh-rsa";
    default:
      return "";
  }
}

}  // namespace

HostKeys::HostKeys(std::string_view known_hosts, const std::string& host, std::uint16_t port) {
  std::vector<std::string> lines;
  std::vector<std::string> revoked;
  // Beside a name of our own, so that every revoked key is found under it.
  const std::string mark = "revoked";
  for (std::string& line : lines_of(known_hosts)) {
    if (!line.starts_with(kRevoked)) {
      lines.push_back(std::move(line));
      continue;
    }
    const std::size_t names = line.find_first_not_of(" \t", kRevoked.size());
    const std::size_t key = line.find_first_of(" \t", std::min(names, line.size()));
    if (key != std::string::npos) revoked.push_back(mark + line.substr(key));
  }
  const std::string name = lower_case(host);
  known_ = keys_of(fmt::format("[{}]:{}", name, port), lines);
  if (known_.empty() || port == kUsualPort) {
    const std::vector<Key> plain = keys_of(name, lines);
    known_.insert(known_.end(), plain.begin(), plain.end());
  }
  revoked_ = keys_of(mark, revoked);
}

std::vector<HostKeys::Key> HostKeys::keys_of(const std::string& name, const std::vector<std::string>& lines) {
  const SshHandle session = make_ssh_handle();
  std::vector<Key> keys;
  for (const std::string& line : lines) {
    const KnownHostsHandle hosts(libssh2_knownhost_init(session.get()));
    if (!hosts) throw Error(ErrorKind::Internal, "libssh2: out of memory");
    libssh2_knownhost* entry = nullptr;
    if (libssh2_knownhost_readline(hosts.get(), line.c_str(), line.size(), LIBSSH2_KNOWNHOST_FILE_OPENSSH) != 0 ||
        libssh2_knownhost_get(hosts.get(), &entry, nullptr) != 0)
      continue;
    const int type = entry->typemask & LIBSSH2_KNOWNHOST_KEY_MASK;
    const int verdict =
        libssh2_knownhost_check(hosts.get(), name.c_str(), entry->key, std::string(entry->key).size(),
                                LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_BASE64 | type, nullptr);
    if (verdict == LIBSSH2_KNOWNHOST_CHECK_MATCH && !method_of(type).empty())
      keys.push_back({.type = type, .base64 = entry->key});
  }
  return keys;
}

std::string HostKeys::methods() const {
  std::string methods;
  for (const Key& key : known_) {
    const std::string method = method_of(key.type);
    if (methods.find(method) == std::string::npos) methods += (methods.empty() ? "" : ",") + method;
  }
  return methods;
}

HostKeys::Verdict HostKeys::judge(std::string_view key) const {
  const std::string shown = base64_encode(key);
  const auto is_shown = [&](const Key& known) { return known.base64 == shown; };
  if (std::any_of(revoked_.begin(), revoked_.end(), is_shown)) return Verdict::Revoked;
  if (known_.empty()) return Verdict::Unknown;
  return std::any_of(known_.begin(), known_.end(), is_shown) ? Verdict::Known : Verdict::Changed;
}

}  // namespace osbackup::transport
