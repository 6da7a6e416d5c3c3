#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "transport/ssh_connection.hpp"

namespace osbackup::transport {

/// A file that is open on an SFTP server. One thread at a time.
class SftpFile {
 public:
  enum class Purpose {
    Read,
    Replace,  ///< Write it from its beginning; made when there is none.
    Extend,   ///< Write to a file that is there.
  };

  /// NotFound, Denied.
  SftpFile(std::shared_ptr<SshConnection> connection, std::string path, Purpose purpose);
  ~SftpFile();
  SftpFile(const SftpFile&) = delete;
  SftpFile& operator=(const SftpFile&) = delete;

  /// Where the next read or write begins.
  void seek(std::uint64_t offset) noexcept;

  /// Reads at least one byte, and no more than the server is to be asked for: `wanted_bytes` is what will be read in
  /// all from here on. 0 at the end of the file.
  std::size_t read(std::span<std::byte> out, std::uint64_t wanted_bytes);

  /// Gives how many of the bytes, at least one, the server has taken so far. Some of the others are on their way to it:
  /// the next call is to begin with them. After a failure the connection cannot be used further.
  std::size_t write(std::span<const std::byte> bytes);

  /// Throws what the server says when it closes the file.
  void close();

  const std::string& path() const noexcept { return path_; }

 private:
  std::shared_ptr<SshConnection> connection_;
  std::string path_;
  LIBSSH2_SFTP_HANDLE* handle_;
};

}  // namespace osbackup::transport
