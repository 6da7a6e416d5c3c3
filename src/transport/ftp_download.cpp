#include "transport/ftp_download.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace osbackup::transport {
namespace {

/// More than libcurl hands over at once, so that an empty buffer takes it.
constexpr std::size_t kBufferBytes = 256U << 10U;
static_assert(kBufferBytes >= CURL_MAX_WRITE_SIZE);

/// libcurl's own buffer, which is what it asks the system for at once.
constexpr long kReceiveBytes = 128L << 10U;

}  // namespace

FtpSession::Download::Download(FtpSession& session, FileRange range)
    : session_(session),
      connection_(*session.connection_),
      range_(std::move(range)),
      activity_("read " + range_.path),
      missing_bytes_(range_.length) {
  if (range_.length == 0) {
    require_bytes();
    return;
  }
  buffer_.reserve(kBufferBytes);
  CurlHandle& handle = connection_.prepare(range_.path);
  handle.set(CURLOPT_RANGE, fmt::format("{}-", range_.offset));
  handle.set(CURLOPT_BUFFERSIZE, kReceiveBytes);
  handle.set(CURLOPT_WRITEFUNCTION, &Download::on_write);
  handle.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  connection_.transfer().start();
  running_ = true;
  receive();
}

FtpSession::Download::~Download() {
  if (running_) connection_.cut();
}

std::size_t FtpSession::Download::read(std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    if (taken_bytes_ == buffer_.size()) {
      if (missing_bytes_ == 0) break;
      receive();
    }
    const std::size_t count = std::min(out.size() - filled, buffer_.size() - taken_bytes_);
    std::memcpy(out.data() + filled, buffer_.data() + taken_bytes_, count);
    filled += count;
    taken_bytes_ += count;
  }
  if (taken_bytes_ == buffer_.size() && missing_bytes_ == 0) finish();
  return filled;
}

/// Fills the empty buffer with at least one byte.
void FtpSession::Download::receive() {
  buffer_.clear();
  taken_bytes_ = 0;
  if (running_) connection_.transfer().resume();
  while (buffer_.empty()) {
    if (!running_) fail();
    advance();
    if (buffer_.empty() && running_) connection_.transfer().wait();
  }
}

/// Waits for the end, now that all is here: for the sake of the connection.
void FtpSession::Download::finish() {
  if (running_) connection_.transfer().resume();
  while (running_) {
    advance();
    if (running_) connection_.transfer().wait();
  }
}

void FtpSession::Download::advance() {
  running_ = !connection_.transfer().step();
  if (!has_surplus_) return;
  running_ = false;
  connection_.cut();
}

void FtpSession::Download::fail() {
  const CURLcode result = connection_.transfer().result();
  const Error failure =
      result == CURLE_OK ? Error(ErrorKind::Unavailable,
                                 fmt::format("{}: the connection ended {} bytes too early", activity_, missing_bytes_))
                         : connection_.failure(activity_);
  // What the failure means depends on what is there: servers say 550 for missing and for forbidden.
  if (failure.kind() != ErrorKind::Cancelled && failure.kind() != ErrorKind::LoginRefused &&
      !connection_.transfer().hit_limits())
    require_bytes();
  throw failure;
}

void FtpSession::Download::require_bytes() { require_inside(range_, session_.size(range_.path)); }

std::size_t FtpSession::Download::on_write(char* data, std::size_t, std::size_t bytes, void* self) noexcept {
  auto& download = *static_cast<Download*>(self);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, download.missing_bytes_));
  std::vector<std::byte>& buffer = download.buffer_;
  if (buffer.size() + count > kBufferBytes) return CURL_WRITEFUNC_PAUSE;
  const auto* const begin = reinterpret_cast<const std::byte*>(data);
  buffer.insert(buffer.end(), begin, begin + count);
  download.missing_bytes_ -= count;
  download.connection_.traffic().bytes_read += bytes;
  download.has_surplus_ = count < bytes;
  return count;
}

}  // namespace osbackup::transport
