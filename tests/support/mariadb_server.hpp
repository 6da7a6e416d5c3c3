#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::test {

struct MariaDbServerOptions {
  std::vector<std::string> arguments{};  ///< More of mariadbd's, such as `--max-allowed-packet=1M`.
  std::string statements{};              ///< Run as its administrator at every start, before anybody is let in.
};

/// A real mariadbd on a free loopback port with an empty database, for the life of the object. One thread at a time.
class MariaDbServer {
 public:
  explicit MariaDbServer(MariaDbServerOptions options = {});
  ~MariaDbServer();
  MariaDbServer(const MariaDbServer&) = delete;
  MariaDbServer& operator=(const MariaDbServer&) = delete;

  std::string host() const { return "127.0.0.1"; }
  std::uint16_t port() const noexcept { return port_; }
  std::string user() const { return "osbackup"; }
  std::string password() const { return "a password 'of' \"the\" database"; }
  std::string dbname() const { return "os_backup"; }

  /// What the server says since its last start.
  std::string log() const;

  /// Ends the server as kill -9 does; start() brings it back at the same port with what was committed.
  void kill();
  void start();

  /// Makes the server neither answer nor accept until thaw().
  void freeze();
  void thaw();

 private:
  std::vector<std::string> command() const;
  std::filesystem::path output() const;
  void make_data() const;
  void write_first_statements() const;
  bool try_start();

  MariaDbServerOptions options_;
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  int starts_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace osbackup::test
