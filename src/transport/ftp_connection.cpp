#include "transport/ftp_connection.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "transport/url.hpp"

namespace osbackup::transport {
namespace {

/// libcurl's buffer for outgoing bytes; its largest is 2 MiB.
constexpr long kUploadBufferBytes = 512L << 10U;

/// The answers to PASV and EPSV that name a port (RFC 959, 5.4; RFC 2428, 3).
constexpr int kEnteringPassiveMode = 227;
constexpr int kEnteringExtendedPassiveMode = 229;

/// The answer to USER or PASS that lets us in (RFC 959, 5.4).
constexpr int kLoggedIn = 230;

std::string remedy(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::LoginRefused:
      return ": check [Ftp] user and password";
    case ErrorKind::Denied:
      return ": check what the FTP server lets this user do there";
    case ErrorKind::NoSpace:
      return ": make room on the FTP server";
    default:
      return "";
  }
}

/// The port of the other side; 0 when there is none.
std::uint16_t peer_port(curl_socket_t socket) noexcept {
  sockaddr_storage peer{};
  socklen_t bytes = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &bytes) != 0) return 0;
  // The port lies at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&peer)->sin_port);
}

}  // namespace

FtpSession::Connection::Connection(FtpSettings settings, SessionTraffic& traffic, std::stop_token stop)
    : settings_(std::move(settings)),
      traffic_(traffic),
      origin_(url_origin("ftp", settings_.host, settings_.port)),
      replies_(settings_.password.reveal()),
      transfer_({.timeout = settings_.timeout, .stop = std::move(stop)}) {
  require_one_line(settings_.user, "[Ftp] user");
  require_one_line(settings_.password.reveal(), "[Ftp] password");
}

CurlHandle& FtpSession::Connection::prepare(const std::string& path) {
  require_one_line(path, "a path on an FTP server");
  assert(!uploading_);
  replies_.clear();
  CurlHandle& handle = transfer_.prepare();
  handle.allow_only("ftp");
  handle.set(CURLOPT_URL, origin_ + "/" + url_path(path));
  handle.set(CURLOPT_PATH_AS_IS, 1L);
  handle.set(CURLOPT_USERNAME, settings_.user);
  handle.set(CURLOPT_PASSWORD, settings_.password.reveal());
  handle.set(CURLOPT_FTP_FILEMETHOD, static_cast<long>(CURLFTPMETHOD_NOCWD));
  // A server behind address translation names an address of its own network; the one we reached it at is right.
  handle.set(CURLOPT_FTP_SKIP_PASV_IP, 1L);
  handle.set(CURLOPT_HEADERFUNCTION, &Connection::on_header);
  handle.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  handle.set(CURLOPT_CLOSESOCKETFUNCTION, &Connection::on_close);
  handle.set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
  return handle;
}

std::vector<ServerReply> FtpSession::Connection::commands(const std::string& activity,
                                                          const std::vector<std::string>& lines) {
  CurlStrings quoted;
  for (const std::string& line : lines) {
    require_one_line(line, "a path on an FTP server");
    quoted.add("*" + line);  // The star: go on when it is refused.
  }
  CurlHandle& handle = prepare("");
  handle.set(CURLOPT_NOBODY, 1L);
  handle.set(CURLOPT_QUOTE, quoted.get());
  transfer_.run();
  const std::deque<ServerReply>& all = replies_.replies();
  if (transfer_.result() != CURLE_OK) throw failure(activity);
  // Logging in has replies as well; those of the commands come last.
  if (all.size() < lines.size()) throw Error(ErrorKind::Unavailable, activity + ": the server's answer is missing");
  return {all.end() - static_cast<std::ptrdiff_t>(lines.size()), all.end()};
}

Error FtpSession::Connection::refusal(const std::string& activity, const ServerReply& reply) const {
  const ErrorKind kind = kind_of(reply);
  return {kind, fmt::format("{}: {} answered \"{}\"{}", activity, settings_.host, reply.text, remedy(kind))};
}

Error FtpSession::Connection::failure(const std::string& activity) const {
  const ServerReply* reply = replies_.last_refusal();
  if (reply && !transfer_.hit_limits()) return refusal(activity, *reply);
  return transfer_.failure(activity);
}

void FtpSession::Connection::begin_upload(const std::string& path, std::uint64_t offset) {
  CurlHandle& handle = prepare(path);
  handle.set(CURLOPT_UPLOAD, 1L);
  handle.set(CURLOPT_APPEND, offset > 0 ? 1L : 0L);
  handle.set(CURLOPT_UPLOAD_BUFFERSIZE, kUploadBufferBytes);
  handle.set(CURLOPT_READFUNCTION, &Connection::on_read);
  handle.set(CURLOPT_READDATA, static_cast<void*>(this));
  upload_activity_ = "upload " + path;
  server_is_ready_ = false;
  all_given_ = false;
  upload_has_ended_ = false;
  left_bytes_ = 0;
  transfer_.start();
  uploading_ = true;
  drive_upload([this] { return server_is_ready_; });
}

void FtpSession::Connection::append(std::span<const std::byte> bytes) {
  assert(uploading_);
  if (bytes.empty()) return;
  next_ = bytes.data();
  left_bytes_ = bytes.size();
  transfer_.resume();
  drive_upload([this] { return left_bytes_ == 0; });
}

void FtpSession::Connection::finish_upload() {
  assert(uploading_);
  all_given_ = true;
  transfer_.resume();
  drive_upload([this] { return upload_has_ended_; });
  uploading_ = false;
}

template <class Done>
void FtpSession::Connection::drive_upload(Done done) {
  for (;;) {
    upload_has_ended_ = transfer_.step();
    if (upload_has_ended_ && (transfer_.result() != CURLE_OK || !all_given_)) {
      uploading_ = false;
      left_bytes_ = 0;
      transfer_.limits().release_stop();
      throw failure(upload_activity_);
    }
    if (done()) break;
    transfer_.wait();
  }
  transfer_.limits().release_stop();
}

void FtpSession::Connection::cancel_upload() noexcept {
  uploading_ = false;
  cut();
}

void FtpSession::Connection::cut() noexcept {
  transfer_.end();
  logged_in_ = false;
}

std::size_t FtpSession::Connection::on_header(char* line, std::size_t, std::size_t bytes, void* self) noexcept {
  auto& connection = *static_cast<Connection*>(self);
  connection.transfer_.note_progress();
  const ServerReply* const reply = connection.replies_.add_line({line, bytes});
  if (!reply) return bytes;
  if (reply->code == kLoggedIn) {
    ++connection.traffic_.logins;
    connection.logged_in_ = true;
  }
  const bool has_port = reply->code == kEnteringPassiveMode || reply->code == kEnteringExtendedPassiveMode;
  // libcurl goes on to STOR, which makes the file.
  if (has_port && connection.uploading_) connection.transfer_.limits().hold_stop();
  return bytes;
}

std::size_t FtpSession::Connection::on_read(char* buffer, std::size_t, std::size_t bytes_max, void* self) noexcept {
  auto& connection = *static_cast<Connection*>(self);
  connection.server_is_ready_ = true;
  const std::size_t count = std::min(bytes_max, connection.left_bytes_);
  if (count == 0) return connection.all_given_ ? 0 : CURL_READFUNC_PAUSE;
  std::memcpy(buffer, connection.next_, count);
  connection.next_ += count;
  connection.left_bytes_ -= count;
  return count;
}

int FtpSession::Connection::on_close(void* self, curl_socket_t socket) noexcept {
  auto& connection = *static_cast<Connection*>(self);
  if (connection.uploading_ && connection.server_is_ready_ && !connection.transfer_.hit_limits() &&
      peer_port(socket) == connection.settings_.port)
    connection.keep_last_words(socket);
  return ::close(socket);
}

/// A server that cannot go on (its disk is full) closes the data connection and then says why. libcurl has seen the
/// first and closes the control connection unread; this listens for the second.
void FtpSession::Connection::keep_last_words(curl_socket_t socket) noexcept {
  constexpr int kPatienceMilliseconds = 1'000;
  pollfd waited{.fd = socket, .events = POLLIN, .revents = 0};
  if (::poll(&waited, 1, kPatienceMilliseconds) <= 0) return;
  std::array<char, 2'048> buffer{};
  const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count <= 0) return;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(count));
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    replies_.add_line(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

}  // namespace osbackup::transport
