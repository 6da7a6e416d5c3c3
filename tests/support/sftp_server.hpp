#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::test {

struct SftpServerOptions {
  std::string address = "127.0.0.1";  ///< Or `::1`.
  std::string sftp_arguments{};       ///< Of OpenSSH's internal-sftp (sftp-server(8)): `-R` forbids writing.
  bool has_sftp = true;
  std::string configuration{};  ///< More lines of sshd_config(5).
  std::string host_key_type = "ed25519";
  /// When not 0, the served folder is a file system of that size, which the server alone sees (not root()).
  std::uint64_t disk_bytes = 0;
};

/// A real OpenSSH sshd on a free loopback port, serving an empty folder over SFTP for the life of the object, with a
/// host key and one user key of its own. Needs root, since the server runs as the system's user `ftp`.
class SftpServer {
 public:
  explicit SftpServer(SftpServerOptions options = {});

  const std::string& host() const noexcept { return options_.address; }
  std::uint16_t port() const noexcept { return port_; }
  std::string user() const { return "ftp"; }

  /// The text of the key that the server lets in.
  std::string private_key() const { return text_of(folder_.path() / "user_key"); }

  /// The server in the form of known_hosts.
  std::string known_hosts() const;

  /// The served folder, which a login begins in.
  std::filesystem::path root() const { return folder_.path() / "root"; }

  /// What the server says of its clients.
  std::string log() const { return text_of(folder_.path() / "output"); }

  /// Ends the process that serves each open session, as a crash or a reset connection would, and waits for its end. New
  /// ones are accepted.
  void cut_sessions();

  /// Makes the server neither answer nor accept until thaw().
  void freeze();
  void thaw();

  /// Ends the server; start() brings it back at the same port over the same folder.
  void stop();
  void start();

 private:
  void write_configuration() const;
  bool try_start();
  void signal_all(int number);

  SftpServerOptions options_;
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

/// The text of a new private key, of a type as ssh-keygen names it. With a pass phrase it is encrypted.
std::string made_private_key(const std::string& type = "ed25519", const std::string& pass_phrase = "");

}  // namespace osbackup::test
