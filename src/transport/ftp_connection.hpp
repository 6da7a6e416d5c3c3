#pragma once

#include <string>
#include <vector>

#include "transport/ftp_session.hpp"
#include "transport/server_reply.hpp"
#include "transport/transfer.hpp"

namespace osbackup::transport {

/// What FtpSession hides: libcurl's transfer, the server's replies and the upload in progress. One thread at a time.
class FtpSession::Connection {
 public:
  Connection(FtpSettings settings, SessionTraffic& traffic, std::stop_token stop);

  /// The handle, ready for a transfer from or to this path. No directory is ever changed, so that commands and
  /// transfers agree on where paths begin.
  CurlHandle& prepare(const std::string& path);

  /// Gives commands, also after one was refused, and returns a reply for each.
  std::vector<ServerReply> commands(const std::string& activity, const std::vector<std::string>& lines);

  /// The failure of the last transfer, in the server's words when it has said any.
  Error failure(const std::string& activity) const;

  /// An answer that refuses, with what to do about it.
  Error refusal(const std::string& activity, const ServerReply& reply) const;

  void begin_upload(const std::string& path, std::uint64_t offset);
  void append(std::span<const std::byte> bytes);
  void finish_upload();
  void cancel_upload() noexcept;
  bool is_uploading() const noexcept { return uploading_; }

  /// Ends the transfer where it is, with the connection.
  void cut() noexcept;
  bool is_logged_in() const noexcept { return logged_in_; }

  Transfer& transfer() noexcept { return transfer_; }
  SessionTraffic& traffic() noexcept { return traffic_; }
  const ReplyLog& replies() const noexcept { return replies_; }

 private:
  static std::size_t on_header(char* line, std::size_t, std::size_t bytes, void* self) noexcept;
  static std::size_t on_read(char* buffer, std::size_t, std::size_t bytes_max, void* self) noexcept;
  static int on_close(void* self, curl_socket_t socket) noexcept;
  void keep_last_words(curl_socket_t socket) noexcept;
  template <class Done>
  void drive_upload(Done done);

  FtpSettings settings_;
  SessionTraffic& traffic_;
  std::string origin_;
  ReplyLog replies_;
  bool logged_in_ = false;

  bool uploading_ = false;
  std::string upload_activity_;
  bool server_is_ready_ = false;
  bool all_given_ = false;
  bool upload_has_ended_ = false;
  const std::byte* next_ = nullptr;  ///< What the connection has not taken yet of the append in progress.
  std::size_t left_bytes_ = 0;

  // Last, so that it goes first: closing its connections calls back.
  Transfer transfer_;
};

}  // namespace osbackup::transport
