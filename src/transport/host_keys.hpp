#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace osbackup::transport {

/// The keys that an SSH server is known by, out of a text in the form of OpenSSH's known_hosts (sshd(8)): names, also
/// several and hashed ones; `@revoked` keys, whatever names they stand beside. Lines with patterns (`*.example.com`)
/// and with certificate authorities are passed over. Immutable.
class HostKeys {
 public:
  /// A server at a port other than 22 is looked for as `[host]:port`, and as `host` when there is none of that name.
  HostKeys(std::string_view known_hosts, const std::string& host, std::uint16_t port);

  /// The kinds of key to ask the server for, as libssh2 takes them; empty when the server is not known.
  std::string methods() const;

  enum class Verdict { Known, Unknown, Changed, Revoked };
  /// What a key that the server has shown is to us. `key` is as it is sent (RFC 4253, 6.6).
  Verdict judge(std::string_view key) const;

 private:
  struct Key {
    int type = 0;  ///< libssh2's.
    std::string base64;
  };
  static std::vector<Key> keys_of(const std::string& name, const std::vector<std::string>& lines);

  std::vector<Key> known_;
  std::vector<Key> revoked_;
};

}  // namespace osbackup::transport
