#include "transport/tcp_connection.hpp"

#include <sys/socket.h>

#include <array>

#include "transport/url.hpp"

namespace osbackup::transport {
namespace {

// The parameters are libcurl's.
// NOLINTNEXTLINE(readability-function-size)
int on_progress(void* limits, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return static_cast<const TransferLimits*>(limits)->stop.stop_requested() ? 1 : 0;
}

}  // namespace

TcpConnection::TcpConnection(const std::string& host, std::uint16_t port, const TransferLimits& limits) {
  const std::string activity = "connect to " + host;
  if (limits.stop.stop_requested()) throw Error(ErrorKind::Cancelled, activity + ": stopped");
  std::array<char, CURL_ERROR_SIZE> detail{};
  // Of HTTP nothing is spoken: libcurl wants some protocol beside the address.
  handle_.allow_only("http");
  handle_.set(CURLOPT_URL, url_origin("http", host, port));
  handle_.set(CURLOPT_CONNECT_ONLY, 1L);
  handle_.set(CURLOPT_NOSIGNAL, 1L);
  handle_.set(CURLOPT_PROXY, "");
  handle_.set(CURLOPT_ERRORBUFFER, detail.data());
  handle_.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.timeout.count()));
  handle_.set(CURLOPT_TCP_KEEPALIVE, 1L);
  handle_.set(CURLOPT_NOPROGRESS, 0L);
  handle_.set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  handle_.set(CURLOPT_XFERINFODATA, const_cast<TransferLimits*>(&limits));
  const CURLcode result = curl_easy_perform(handle_.get());
  // Both are gone when this returns.
  handle_.set(CURLOPT_NOPROGRESS, 1L);
  handle_.set(CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  if (result == CURLE_ABORTED_BY_CALLBACK) throw Error(ErrorKind::Cancelled, activity + ": stopped");
  if (result != CURLE_OK)
    throw Error(kind_of(result), activity + ": " + short_line(detail[0] ? detail.data() : curl_easy_strerror(result)));
  socket_ = handle_.connected_socket();
}

void TcpConnection::shut_down() noexcept { ::shutdown(socket_, SHUT_RDWR); }

}  // namespace osbackup::transport
