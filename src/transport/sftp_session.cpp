#include "transport/sftp_session.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "transport/sftp_download.hpp"
#include "transport/sftp_file.hpp"
#include "transport/ssh_connection.hpp"

namespace osbackup::transport {
namespace {

/// Longer names are no names of files.
constexpr std::size_t kNameBytesMax = 4096;
constexpr std::size_t kListingBytesMax = 64U << 20U;
constexpr long kDirectoryMode = 0700;

unsigned length_of(const std::string& path) { return static_cast<unsigned>(path.size()); }

bool has(const LIBSSH2_SFTP_ATTRIBUTES& attributes, unsigned long what) { return (attributes.flags & what) != 0; }

bool is_of_type(const LIBSSH2_SFTP_ATTRIBUTES& attributes, mode_t type) {
  return has(attributes, LIBSSH2_SFTP_ATTR_PERMISSIONS) && (attributes.permissions & S_IFMT) == type;
}

/// A directory that is open, closed with the object.
class OpenDirectory {
 public:
  OpenDirectory(SshConnection& connection, LIBSSH2_SFTP_HANDLE* handle) : connection_(connection), handle_(handle) {}
  ~OpenDirectory() { connection_.close(handle_); }
  OpenDirectory(const OpenDirectory&) = delete;
  OpenDirectory& operator=(const OpenDirectory&) = delete;

  LIBSSH2_SFTP_HANDLE* get() const noexcept { return handle_; }

 private:
  SshConnection& connection_;
  LIBSSH2_SFTP_HANDLE* handle_;
};

}  // namespace

SftpSession::SftpSession(SftpSettings settings, SessionTraffic& traffic, std::stop_token stop)
    : settings_(std::move(settings)), traffic_(traffic), stop_(std::move(stop)) {}

SftpSession::~SftpSession() = default;

const std::shared_ptr<SshConnection>& SftpSession::connection() {
  assert(!upload_);
  if (is_logged_in()) return connection_;
  connection_.reset();
  connection_ = std::make_shared<SshConnection>(settings_, TransferLimits{.timeout = settings_.timeout, .stop = stop_});
  ++traffic_.logins;
  return connection_;
}

bool SftpSession::is_logged_in() const noexcept { return connection_ && connection_->is_alive(); }

std::optional<std::uint64_t> SftpSession::size(const std::string& path) {
  const std::string activity = "ask for the size of " + path;
  SshConnection& ssh = *connection();
  LIBSSH2_SFTP_ATTRIBUTES attributes{};
  const int result = ssh.complete(activity, [&] {
    return libssh2_sftp_stat_ex(ssh.sftp(), path.data(), length_of(path), LIBSSH2_SFTP_STAT, &attributes);
  });
  if (result != 0 && ssh.is_missing()) return std::nullopt;
  if (result != 0) throw ssh.failure(activity);
  if (has(attributes, LIBSSH2_SFTP_ATTR_PERMISSIONS) && !is_of_type(attributes, S_IFREG)) return std::nullopt;
  if (!has(attributes, LIBSSH2_SFTP_ATTR_SIZE))
    throw Error(ErrorKind::Unavailable, activity + ": the server does not tell it");
  return attributes.filesize;
}

std::vector<StoredFile> SftpSession::list(const std::string& directory, const NameFilter& wanted) {
  const std::string activity = fmt::format("list \"{}\"", directory);
  const std::string path = directory.empty() ? "." : directory;
  SshConnection& ssh = *connection();
  LIBSSH2_SFTP_HANDLE* const handle = ssh.complete(activity, [&] {
    return libssh2_sftp_open_ex(ssh.sftp(), path.data(), length_of(path), 0, 0, LIBSSH2_SFTP_OPENDIR);
  });
  if (!handle && ssh.is_missing()) return {};
  if (!handle) throw ssh.failure(activity);

  std::vector<StoredFile> files;
  std::vector<std::string> unclear;
  {
    const OpenDirectory opened(ssh, handle);
    std::size_t listed_bytes = 0;
    for (;;) {
      std::array<char, kNameBytesMax> buffer{};
      LIBSSH2_SFTP_ATTRIBUTES attributes{};
      const int length = ssh.complete(activity, [&] {
        return libssh2_sftp_readdir_ex(opened.get(), buffer.data(), buffer.size(), nullptr, 0, &attributes);
      });
      if (length < 0) throw ssh.failure(activity);
      if (length == 0) break;
      std::string name(buffer.data(), static_cast<std::size_t>(length));
      listed_bytes += name.size() + sizeof(StoredFile);
      if (listed_bytes > kListingBytesMax)
        throw Error(ErrorKind::Corrupt, activity + ": the listing is longer than 64 MiB");
      if (!wanted(name)) continue;
      const bool tells_all = has(attributes, LIBSSH2_SFTP_ATTR_PERMISSIONS) && has(attributes, LIBSSH2_SFTP_ATTR_SIZE);
      if (is_of_type(attributes, S_IFLNK) || !tells_all) {
        unclear.push_back(std::move(name));
      } else if (is_of_type(attributes, S_IFREG)) {
        files.push_back({.name = std::move(name), .bytes = attributes.filesize});
      }
    }
  }
  for (std::string& name : unclear)
    if (const std::optional<std::uint64_t> bytes = size(path_in(directory, name)))
      files.push_back({.name = std::move(name), .bytes = *bytes});
  return files;
}

void SftpSession::make_directories(const std::string& directory) {
  SshConnection& ssh = *connection();
  for (std::size_t end = 0; end < directory.size();) {
    end = std::min(directory.find('/', end + 1), directory.size());
    const std::string activity = "make " + directory.substr(0, end);
    const int result = ssh.complete(activity, [&] {
      return libssh2_sftp_mkdir_ex(ssh.sftp(), directory.data(), static_cast<unsigned>(end), kDirectoryMode);
    });
    // Servers do not tell whether it exists or may not be made.
    if (result != 0 && result != LIBSSH2_ERROR_SFTP_PROTOCOL) throw ssh.failure(activity);
  }
}

void SftpSession::rename(const std::string& from, const std::string& to) {
  const std::string activity = fmt::format("rename {} to {}", from, to);
  SshConnection& ssh = *connection();
  const int result = ssh.complete(activity, [&] {
    return libssh2_sftp_rename_ex(ssh.sftp(), from.data(), length_of(from), to.data(), length_of(to),
                                  LIBSSH2_SFTP_RENAME_ATOMIC | LIBSSH2_SFTP_RENAME_NATIVE);
  });
  if (result == 0) return;
  const bool is_unexplained = ssh.is_unexplained();
  const Error error = ssh.failure(activity);
  if (is_unexplained && size(to))
    throw Error(ErrorKind::Exists, fmt::format("{}: there is a file of that name already", activity));
  throw error;
}

void SftpSession::remove(const std::string& path) {
  const std::string activity = "remove " + path;
  SshConnection& ssh = *connection();
  const int result =
      ssh.complete(activity, [&] { return libssh2_sftp_unlink_ex(ssh.sftp(), path.data(), length_of(path)); });
  if (result != 0 && !ssh.is_missing()) throw ssh.failure(activity);
}

void SftpSession::read(const std::string& path, std::uint64_t offset, std::span<std::byte> out) {
  if (out.empty()) return require_inside({.path = path, .offset = offset, .length = 0}, size(path));
  SftpDownload(connection(), {.path = path, .offset = offset, .length = out.size()}, traffic_).read(out);
}

std::unique_ptr<ByteSource> SftpSession::stream(FileRange range) {
  if (range.length == 0) require_inside(range, size(range.path));
  return std::make_unique<SftpDownload>(connection(), std::move(range), traffic_);
}

void SftpSession::begin_upload(const std::string& path, std::uint64_t offset) {
  const auto purpose = offset == 0 ? SftpFile::Purpose::Replace : SftpFile::Purpose::Extend;
  auto file = std::make_unique<SftpFile>(connection(), path, purpose);
  file->seek(offset);
  upload_ = std::move(file);
  taken_bytes_ = offset;
}

void SftpSession::append(std::span<const std::byte> bytes) {
  assert(upload_);
  while (!bytes.empty()) {
    try {
      const std::size_t count = upload_->write(bytes);
      taken_bytes_ += count;
      bytes = bytes.subspan(count);
    } catch (const Error& error) {
      const bool is_unexplained = error.kind() == ErrorKind::Unavailable && connection_->is_unexplained();
      const std::string path = upload_->path();
      // What was to follow may have been sent in part.
      connection_->lose();
      upload_.reset();
      if (is_unexplained && is_disk_full(path, bytes.size()))
        throw Error(ErrorKind::NoSpace,
                    fmt::format("upload {}: the disk of the SFTP server is full: make room there", path));
      throw;
    }
  }
}

/// The third version of SFTP has no word for it.
bool SftpSession::is_disk_full(const std::string& path, std::size_t wanted_bytes) {
  try {
    SshConnection& ssh = *connection();
    LIBSSH2_SFTP_STATVFS disk{};
    const int result = ssh.complete("upload " + path,
                                    [&] { return libssh2_sftp_statvfs(ssh.sftp(), path.data(), path.size(), &disk); });
    return result == 0 && disk.f_frsize > 0 && disk.f_bavail < wanted_bytes / disk.f_frsize + 1;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    return false;  // What the server refused matters more than why it cannot be asked.
  }
}

void SftpSession::finish_upload() {
  assert(upload_);
  const std::unique_ptr<SftpFile> file = std::move(upload_);
  try {
    file->close();
  } catch (const Error&) {
    if (connection_->is_refused()) taken_bytes_ = 0;
    throw;
  }
}

void SftpSession::cancel_upload() noexcept { upload_.reset(); }

void SftpSession::begin_cleanup() noexcept {
  settings_.timeout = std::min(settings_.timeout, kCleanupPatience);
  stop_ = {};
  if (connection_) connection_->set_limits({.timeout = settings_.timeout, .stop = {}});
}

}  // namespace osbackup::transport
