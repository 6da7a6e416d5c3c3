#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/secret.hpp"
#include "transport/file_session.hpp"

namespace osbackup::transport {

class SftpFile;
class SshConnection;

/// How to reach an SFTP server, and how to know that it is the right one.
struct SftpSettings {
  std::string host;  ///< A name, an IPv4 or an IPv6 address without brackets.
  std::uint16_t port = 22;
  std::string user;
  Secret password{};
  Secret private_key{};       ///< The text of a key file without a pass phrase; when there is one, no password is sent.
  std::string known_hosts{};  ///< Text in the form of OpenSSH's known_hosts.
  std::string known_hosts_place{};            ///< Where people find that text.
  std::chrono::milliseconds timeout{60'000};  ///< How long nothing may move.
};

/// A login to a server that speaks version 3 of SFTP (draft-ietf-secsh-filexfer-02) over SSH. Reads of any range keep
/// the login, streams that are given up too. libssh2 asks for up to 30,000 bytes behind the end of a range; they are
/// not counted. Refused when the server's key is not the known one: nothing is told to such a server.
class SftpSession final : public FileSession {
 public:
  /// `traffic` must outlive it.
  SftpSession(SftpSettings settings, SessionTraffic& traffic, std::stop_token stop = {});
  ~SftpSession() override;
  SftpSession(const SftpSession&) = delete;
  SftpSession& operator=(const SftpSession&) = delete;

  std::optional<std::uint64_t> size(const std::string& path) override;
  std::vector<StoredFile> list(const std::string& directory, const NameFilter& wanted) override;
  /// For this user alone.
  void make_directories(const std::string& directory) override;
  /// OpenSSH never replaces an existing target (draft-ietf-secsh-filexfer-02, 6.5).
  void rename(const std::string& from, const std::string& to) override;
  void remove(const std::string& path) override;
  void read(const std::string& path, std::uint64_t offset, std::span<std::byte> out) override;
  std::unique_ptr<ByteSource> stream(FileRange range) override;

  /// A file that is made is for this user alone.
  void begin_upload(const std::string& path, std::uint64_t offset) override;
  /// Returns when the server has taken them. NoSpace when its disk is full.
  void append(std::span<const std::byte> bytes) override;
  void finish_upload() override;
  void cancel_upload() noexcept override;
  bool is_uploading() const noexcept override { return upload_ != nullptr; }
  /// What the server has acknowledged without a gap. None when it refused to close the file: with that some tell that
  /// they lost what they had acknowledged.
  std::uint64_t taken_bytes() const noexcept override { return taken_bytes_; }

  bool is_logged_in() const noexcept override;
  void begin_cleanup() noexcept override;

 private:
  const std::shared_ptr<SshConnection>& connection();
  bool is_disk_full(const std::string& path, std::size_t wanted_bytes);

  SftpSettings settings_;
  SessionTraffic& traffic_;
  std::stop_token stop_;
  std::shared_ptr<SshConnection> connection_;
  std::unique_ptr<SftpFile> upload_;
  std::uint64_t taken_bytes_ = 0;
};

}  // namespace osbackup::transport
