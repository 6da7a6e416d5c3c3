#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/secret.hpp"
#include "transport/file_session.hpp"

namespace osbackup::transport {

/// How to reach an FTP server (RFC 959).
struct FtpSettings {
  std::string host;  ///< A name, an IPv4 or an IPv6 address without brackets.
  std::uint16_t port = 21;
  std::string user;
  Secret password;
  std::chrono::milliseconds timeout{60'000};  ///< How long nothing may move.
};

/// A login to an FTP server, passive mode (RFC 2428's EPSV, else PASV), binary. A read that does not reach to the end
/// of its file, and a stream that is not read so far, lose the login. Usage when a path has control characters.
class FtpSession final : public FileSession {
 public:
  /// `traffic` must outlive it.
  FtpSession(FtpSettings settings, SessionTraffic& traffic, std::stop_token stop = {});
  ~FtpSession() override;

  /// RFC 3659, 4.
  std::optional<std::uint64_t> size(const std::string& path) override;
  std::vector<StoredFile> list(const std::string& directory, const NameFilter& wanted) override;
  /// Servers answer alike when a directory exists and when it may not be made.
  void make_directories(const std::string& directory) override;
  void rename(const std::string& from, const std::string& to) override;
  void remove(const std::string& path) override;
  void read(const std::string& path, std::uint64_t offset, std::span<std::byte> out) override;
  std::unique_ptr<ByteSource> stream(FileRange range) override;

  void begin_upload(const std::string& path, std::uint64_t offset) override;
  void append(std::span<const std::byte> bytes) override;
  void finish_upload() override;
  /// With its connection.
  void cancel_upload() noexcept override;
  /// All: FTP has one stream, which the server writes from its beginning on.
  std::uint64_t taken_bytes() const noexcept override { return std::numeric_limits<std::uint64_t>::max(); }
  bool is_uploading() const noexcept override;

  bool is_logged_in() const noexcept override;
  void begin_cleanup() noexcept override;

 private:
  class Connection;
  class Download;

  std::vector<std::string> list_names(const std::string& directory);
  std::vector<std::optional<std::uint64_t>> sizes(const std::vector<std::string>& paths);

  std::unique_ptr<Connection> connection_;
};

}  // namespace osbackup::transport
