#include "support/sftp_peer.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <chrono>
#include <fstream>
#include <vector>

#include "core/error.hpp"

namespace osbackup::test {
namespace {

const char* name_of(SftpManners manners) {
  switch (manners) {
    case SftpManners::Evil:
      return "evil";
    case SftpManners::RefusesOneWrite:
      return "refuses-one-write";
    case SftpManners::LosesOneWrite:
      return "loses-one-write";
    case SftpManners::RefusesOneClose:
      return "refuses-one-close";
    case SftpManners::StopsInMidPacket:
      return "stops-in-mid-packet";
    case SftpManners::SlowToMake:
      return "slow-to-make";
    case SftpManners::Floods:
      return "floods";
    case SftpManners::HangsUpAtLogin:
      return "hangs-up-at-login";
    case SftpManners::HangsUpBeforeSftp:
      return "hangs-up-before-sftp";
    case SftpManners::RefusesSftpAndStays:
      return "refuses-sftp-and-stays";
    case SftpManners::TellsNoModes:
      return "tells-no-modes";
    default:
      return "good";
  }
}

}  // namespace

SftpPeer::SftpPeer(SftpLogin login, SftpManners manners) {
  const std::filesystem::path output = folder_.path() / "output";
  const std::filesystem::path password_file = folder_.path() / "password";
  std::filesystem::create_directory(root());
  std::ofstream(password_file) << password() << '\n';
  const std::string method = login == SftpLogin::Password ? "password" : "keyboard-interactive";
  const std::string program = OSBACKUP_TEST_SUPPORT "/sftp_peer.py";
  const std::vector<std::string> arguments = {
      "/usr/bin/python3",     program,     root().string(), "--login", method, "--password-file",
      password_file.string(), "--manners", name_of(manners)};
  process_ = std::make_unique<ChildProcess>(ChildOptions{.arguments = arguments, .output = output});

  // Python takes its time to start on a busy machine.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (text_of(output).find(" ecdsa-sha2-nistp256 ") == std::string::npos || !text_of(output).ends_with('\n')) {
    if (!process_->is_running() || std::chrono::steady_clock::now() > deadline)
      throw Error(ErrorKind::Internal, "sftp_peer.py does not start: " + text_of(output));
    ::poll(nullptr, 0, 5);
  }
  // Before it Python may have said that something is deprecated.
  const std::string text = text_of(output);
  const std::string line = text.substr(text.rfind('\n', text.size() - 2) + 1);
  port_ = static_cast<std::uint16_t>(std::stoul(line));
  known_hosts_ = fmt::format("[127.0.0.1]:{}{}", port_, line.substr(line.find(' ')));
}

}  // namespace osbackup::test
