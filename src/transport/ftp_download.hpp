#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/byte_source.hpp"
#include "transport/ftp_connection.hpp"

namespace osbackup::transport {

/// A part of a file on its way here, as fast as it is read: libcurl is paused while a small buffer is full. One thread
/// at a time.
///
/// FTP knows no end of a range (RFC 3659, 5.3 has a beginning alone). So the server is asked for all from `offset` on,
/// and when more comes than is wanted, only closing the connection stops it. After a part that reaches to the end of
/// the file the connection is as good as before. That is why libcurl is not told the end: it would close the connection
/// then in either case.
class FtpSession::Download final : public ByteSource {
 public:
  /// Waits until the first bytes are here. `session` must outlive it and do nothing else meanwhile.
  Download(FtpSession& session, FileRange range);

  /// Breaks off what is still on its way.
  ~Download() override;

  std::size_t read(std::span<std::byte> out) override;

 private:
  static std::size_t on_write(char* data, std::size_t, std::size_t bytes, void* self) noexcept;
  void receive();
  void advance();
  void finish();
  [[noreturn]] void fail();
  void require_bytes();

  FtpSession& session_;
  Connection& connection_;
  FileRange range_;
  std::string activity_;
  std::vector<std::byte> buffer_;    ///< Arrived; its capacity is the most that it holds.
  std::size_t taken_bytes_ = 0;      ///< Of the buffer.
  std::uint64_t missing_bytes_ = 0;  ///< Not arrived yet.
  bool has_surplus_ = false;         ///< More came than is wanted.
  bool running_ = false;
};

}  // namespace osbackup::transport
