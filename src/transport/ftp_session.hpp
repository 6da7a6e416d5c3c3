#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/byte_source.hpp"
#include "core/secret.hpp"

namespace osbackup::transport {

/// How to reach an FTP server (RFC 959).
struct FtpSettings {
  std::string host;  ///< A name, an IPv4 or an IPv6 address without brackets.
  std::uint16_t port = 21;
  std::string user;
  Secret password;
  std::chrono::milliseconds timeout{60'000};  ///< How long nothing may move.
};

/// Which bytes of a file are wanted.
struct FtpRange {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// What the sessions that share it have done. Thread-safe.
struct FtpTraffic {
  std::atomic<std::uint64_t> logins = 0;      ///< That the server accepted.
  std::atomic<std::uint64_t> bytes_read = 0;  ///< Content of files, with what arrived and was not wanted.
};

/// One login to an FTP server, passive mode (RFC 2428's EPSV, else PASV), binary. Connects when it must, and again
/// after a broken connection. One thread at a time.
///
/// Paths are relative to the directory that the login begins in, unless they begin with a slash; Usage when they have
/// control characters. Every function throws Unavailable when the server cannot be reached or the connection breaks,
/// LoginRefused when it refuses the login, Cancelled after the stop. No message holds the password.
class FtpSession {
 public:
  /// `traffic` must outlive it.
  FtpSession(FtpSettings settings, FtpTraffic& traffic, std::stop_token stop = {});
  ~FtpSession();
  FtpSession(const FtpSession&) = delete;
  FtpSession& operator=(const FtpSession&) = delete;

  /// A file's size; nothing when there is no such file. (RFC 3659, 4)
  std::optional<std::uint64_t> size(const std::string& path);

  /// The same for many: nothing where there is no such file.
  std::vector<std::optional<std::uint64_t>> sizes(const std::vector<std::string>& paths);

  /// The names in a directory (`""`: the one that the login begins in); none when the directory is missing.
  std::vector<std::string> list_names(const std::string& directory);

  /// Makes the directory and what is missing above it, as far as the server lets us: servers answer alike when a
  /// directory exists and when it may not be made, so it is the next upload that tells.
  void make_directories(const std::string& directory);

  /// Many servers replace an existing target without a word.
  void rename(const std::string& from, const std::string& to);

  /// Removing what does not exist succeeds.
  void remove(const std::string& path);

  /// Fills `out` from `offset` on. NotFound, Denied when the server forbids reading, Corrupt when the file ends before.
  /// The login is lost unless `out` reaches to the end of the file.
  void read(const std::string& path, std::uint64_t offset, std::span<std::byte> out);

  /// The same bytes one after another in one transfer, which the reader paces. Throws as read() does, now or while it
  /// is read. Until it has given its last byte or is destroyed, nothing else may be done with the session. The login is
  /// lost unless it is read to the end of the file.
  std::unique_ptr<ByteSource> stream(FtpRange range);

  enum class UploadMode { Replace, Append };

  /// Opens a file for writing; returns when the server is ready for its bytes. Until finish_upload or cancel_upload
  /// only append may be called. Denied when the server refuses.
  void begin_upload(const std::string& path, UploadMode mode);

  /// Hands bytes to the connection; returns when all are taken. After a failure the upload is over.
  void append(std::span<const std::byte> bytes);

  /// Waits until the server says that it has everything.
  void finish_upload();

  /// Breaks the upload off, with its connection.
  void cancel_upload() noexcept;

  bool is_uploading() const noexcept;

  /// Whether the next call needs no login, as far as is known here.
  bool is_logged_in() const noexcept;

  /// From here on the stop is not obeyed and nothing takes longer than ten seconds: for leaving nothing behind.
  void begin_cleanup() noexcept;

 private:
  class Connection;
  class Download;
  std::unique_ptr<Connection> connection_;
};

}  // namespace osbackup::transport
