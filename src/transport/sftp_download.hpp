#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/byte_source.hpp"
#include "transport/sftp_file.hpp"

namespace osbackup::transport {

/// A part of a file on its way here, with some of what comes next asked for already. One thread at a time.
class SftpDownload final : public ByteSource {
 public:
  /// `traffic` must outlive it.
  SftpDownload(std::shared_ptr<SshConnection> connection, FileRange range, SessionTraffic& traffic);

  std::size_t read(std::span<std::byte> out) override;

 private:
  void receive();
  [[noreturn]] void fail_short() const;

  SftpFile file_;
  FileRange range_;
  SessionTraffic& traffic_;
  std::vector<std::byte> buffer_;
  std::size_t taken_bytes_ = 0;    ///< Of the buffer.
  std::size_t arrived_bytes_ = 0;  ///< In the buffer.
  std::uint64_t received_bytes_ = 0;
};

}  // namespace osbackup::transport
