#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::test {

enum class SftpLogin { Password, KeyboardInteractive };
enum class SftpManners {
  Good,
  Evil,  ///< It lists names that lead elsewhere and sizes that cannot be, and gives less of a file than was asked for.
  RefusesOneWrite,   ///< It refuses the first write behind the first 500,000 bytes of a file, and takes those after it.
  LosesOneWrite,     ///< It ends the connection instead, having taken those after it that had arrived.
  RefusesOneClose,   ///< It refuses the first end of an upload, and forgets the second 100,000 bytes of the file.
  StopsInMidPacket,  ///< It ends the channel in the middle of the answer when it is first asked for a size.
  Floods,            ///< Then it answers, 64 MiB, what was not asked before what was.
  SlowToMake,        ///< It makes the file `about to make` and, half a second later, the first that it was asked for.
  TellsNoModes,      ///< It lists files with their sizes alone.
  HangsUpAtLogin,    ///< It ends the connection when somebody logs in.
  HangsUpBeforeSftp,    ///< It says no more when it is asked for SFTP, and listens.
  RefusesSftpAndStays,  ///< It offers no SFTP, and does not end the channel.
};

/// Paramiko's SFTP server on a free loopback port: for logins by password, and for answers that mean ill.
class SftpPeer {
 public:
  explicit SftpPeer(SftpLogin login, SftpManners manners = SftpManners::Good);

  std::uint16_t port() const noexcept { return port_; }
  std::string user() const { return "agent"; }
  std::string password() const { return "correct;horse #battery"; }
  const std::string& known_hosts() const noexcept { return known_hosts_; }

  /// The served folder.
  std::filesystem::path root() const { return folder_.path() / "root"; }

 private:
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  std::string known_hosts_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace osbackup::test
