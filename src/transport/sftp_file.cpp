#include "transport/sftp_file.hpp"

#include <algorithm>
#include <utility>

namespace osbackup::transport {
namespace {

/// Of what was written, that the server has not acknowledged yet.
constexpr std::size_t kWindowBytes = 2U << 20U;

/// libssh2 asks for so many times what one read wants, so that the next ones find it.
constexpr std::uint64_t kReadsAhead = 4;

constexpr long kMode = 0600;

unsigned long flags_for(SftpFile::Purpose purpose) noexcept {
  switch (purpose) {
    case SftpFile::Purpose::Replace:
      return LIBSSH2_FXF_WRITE | LIBSSH2_FXF_CREAT | LIBSSH2_FXF_TRUNC;
    case SftpFile::Purpose::Extend:
      return LIBSSH2_FXF_WRITE;
    default:
      return LIBSSH2_FXF_READ;
  }
}

std::string activity_for(SftpFile::Purpose purpose) { return purpose == SftpFile::Purpose::Read ? "read " : "upload "; }

}  // namespace

SftpFile::SftpFile(std::shared_ptr<SshConnection> connection, std::string path, Purpose purpose)
    : connection_(std::move(connection)), path_(std::move(path)) {
  const std::string activity = activity_for(purpose) + path_;
  const auto open = [&] {
    return libssh2_sftp_open_ex(connection_->sftp(), path_.data(), static_cast<unsigned>(path_.size()),
                                flags_for(purpose), kMode, LIBSSH2_SFTP_OPENFILE);
  };
  handle_ = purpose == Purpose::Replace ? connection_->complete_in_spite_of_stop(activity, open)
                                        : connection_->complete(activity, open);
  if (!handle_) throw connection_->failure(activity);
}

SftpFile::~SftpFile() {
  if (handle_) connection_->close(handle_);
}

void SftpFile::seek(std::uint64_t offset) noexcept { libssh2_sftp_seek64(handle_, offset); }

std::size_t SftpFile::read(std::span<std::byte> out, std::uint64_t wanted_bytes) {
  const std::string activity = "read " + path_;
  const auto count_max = static_cast<std::size_t>(std::clamp<std::uint64_t>(wanted_bytes / kReadsAhead, 1, out.size()));
  const ssize_t count = connection_->complete(
      activity, [&] { return libssh2_sftp_read(handle_, reinterpret_cast<char*>(out.data()), count_max); });
  if (count < 0) throw connection_->failure(activity);
  return static_cast<std::size_t>(count);
}

std::size_t SftpFile::write(std::span<const std::byte> bytes) {
  const std::string activity = "upload " + path_;
  const ssize_t count = connection_->complete(activity, [&]() -> ssize_t {
    const ssize_t taken =
        libssh2_sftp_write(handle_, reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kWindowBytes));
    // Nothing is acknowledged yet, and nothing more can be sent.
    return taken == 0 ? LIBSSH2_ERROR_EAGAIN : taken;
  });
  if (count < 0) throw connection_->failure(activity);
  return static_cast<std::size_t>(count);
}

void SftpFile::close() {
  if (connection_->close(std::exchange(handle_, nullptr)) != 0) throw connection_->failure("upload " + path_);
}

}  // namespace osbackup::transport
