#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::test {

enum class Permission { Allowed, Forbidden };

struct FtpServerOptions {
  std::string address = "127.0.0.1";  ///< Or `::1`.
  Permission reading = Permission::Allowed;
  Permission writing = Permission::Allowed;
  /// When not 0, the served folder is a file system of that size, which the server alone sees (not root()).
  std::uint64_t disk_bytes = 0;
};

/// A real vsftpd on a free loopback port, serving an empty folder for the life of the object. Needs root, since the
/// server runs as the system's user `ftp`.
class FtpServer {
 public:
  explicit FtpServer(FtpServerOptions options = {});

  const std::string& host() const noexcept { return options_.address; }
  std::uint16_t port() const noexcept { return port_; }
  std::string user() const { return "ftp"; }
  std::string password() const { return "correct horse"; }

  /// The served folder, which a login begins in.
  std::filesystem::path root() const { return folder_.path() / "root"; }

  /// What the clients said and were told.
  std::string log() const { return text_of(folder_.path() / "log"); }

  /// Ends the process that serves each open session, as a crash or a reset connection would. New ones are accepted.
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

  FtpServerOptions options_;
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace osbackup::test
