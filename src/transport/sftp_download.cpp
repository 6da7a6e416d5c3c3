#include "transport/sftp_download.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace osbackup::transport {
namespace {

/// Four times as much is on its way.
constexpr std::size_t kBufferBytes = 256U << 10U;

}  // namespace

SftpDownload::SftpDownload(std::shared_ptr<SshConnection> connection, FileRange range, SessionTraffic& traffic)
    : file_(std::move(connection), range.path, SftpFile::Purpose::Read),
      range_(std::move(range)),
      traffic_(traffic),
      buffer_(static_cast<std::size_t>(std::min<std::uint64_t>(kBufferBytes, range_.length))) {
  // Servers know offsets with a sign.
  if (range_.offset > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) fail_short();
  file_.seek(range_.offset);
}

std::size_t SftpDownload::read(std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    if (taken_bytes_ == arrived_bytes_) {
      if (received_bytes_ == range_.length) break;
      receive();
    }
    const std::size_t count = std::min(out.size() - filled, arrived_bytes_ - taken_bytes_);
    std::memcpy(out.data() + filled, buffer_.data() + taken_bytes_, count);
    filled += count;
    taken_bytes_ += count;
  }
  return filled;
}

/// Fills the empty buffer with at least one byte.
void SftpDownload::receive() {
  taken_bytes_ = 0;
  arrived_bytes_ = 0;
  const std::size_t count = file_.read(buffer_, range_.length - received_bytes_);
  if (count == 0) fail_short();
  arrived_bytes_ = count;
  received_bytes_ += count;
  traffic_.bytes_read += count;
}

void SftpDownload::fail_short() const {
  throw Error(ErrorKind::Corrupt, fmt::format("read {}: {} bytes from {} on are wanted and the file ends before",
                                              range_.path, range_.length, range_.offset));
}

}  // namespace osbackup::transport
