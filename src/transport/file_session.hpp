#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/byte_source.hpp"

namespace osbackup::transport {

/// A file in a directory of a server.
struct StoredFile {
  std::string name;
  std::uint64_t bytes = 0;
};

/// Which bytes of a file are wanted.
struct FileRange {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// What the sessions that share it have done. Thread-safe.
struct SessionTraffic {
  std::atomic<std::uint64_t> logins = 0;      ///< That the server accepted.
  std::atomic<std::uint64_t> bytes_read = 0;  ///< Content of files, with what arrived and was not wanted.
};

/// One login to a server that keeps files. Connects when it must, and again after a broken connection. One thread at a
/// time.
///
/// Paths are relative to the directory that the login begins in, unless they begin with a slash. Every function throws
/// Unavailable when the server cannot be reached or the connection breaks, LoginRefused when it refuses the login,
/// Cancelled after the stop. No message holds a password or a key.
class FileSession {
 public:
  using NameFilter = std::function<bool(const std::string&)>;

  virtual ~FileSession() = default;

  /// A file's size; nothing when there is no such file.
  virtual std::optional<std::uint64_t> size(const std::string& path) = 0;

  /// The files in a directory (`""`: the one that the login begins in) whose names are wanted, in no order; none when
  /// the directory is missing.
  virtual std::vector<StoredFile> list(const std::string& directory, const NameFilter& wanted) = 0;

  /// Makes the directory and what is missing above it, as far as the server lets us: it is the next upload that tells.
  virtual void make_directories(const std::string& directory) = 0;

  /// Many servers replace an existing target without a word; Exists when this one does not.
  virtual void rename(const std::string& from, const std::string& to) = 0;

  /// Removing what does not exist succeeds.
  virtual void remove(const std::string& path) = 0;

  /// Fills `out` from `offset` on. NotFound, Denied when the server forbids reading, Corrupt when the file ends before.
  virtual void read(const std::string& path, std::uint64_t offset, std::span<std::byte> out) = 0;

  /// The same bytes one after another, as fast as they are read. Throws as read() does, now or while it is read. Until
  /// it has given its last byte or is destroyed, nothing else may be done with the session.
  virtual std::unique_ptr<ByteSource> stream(FileRange range) = 0;

  /// Opens a file for writing from `offset` on, which is where it ends or what taken_bytes() gives; 0 makes it or
  /// empties it. Returns when the server is ready for its bytes. Until finish_upload or cancel_upload only append may
  /// be called. Denied or NotFound when the server refuses. A stop waits, up to ten seconds, for the server's answer to
  /// the command that makes the file: what is removed before that answer may be made after it.
  virtual void begin_upload(const std::string& path, std::uint64_t offset) = 0;

  /// Hands bytes to the connection; returns when all are taken. After a failure the upload is over.
  virtual void append(std::span<const std::byte> bytes) = 0;

  /// Waits until the server says that it has everything.
  virtual void finish_upload() = 0;

  /// Breaks the upload off.
  virtual void cancel_upload() noexcept = 0;

  virtual bool is_uploading() const noexcept = 0;

  /// How many bytes from the beginning of the file that was uploaded last are what was sent, as far as it is that long.
  /// After a failure there may be anything behind them.
  virtual std::uint64_t taken_bytes() const noexcept = 0;

  /// Whether the next call needs no login, as far as is known here.
  virtual bool is_logged_in() const noexcept = 0;

  /// From here on the stop is not obeyed and nothing takes longer than ten seconds: for leaving nothing behind.
  virtual void begin_cleanup() noexcept = 0;
};

/// The path of a name in a directory, which may be `""` or end with a slash.
std::string path_in(const std::string& directory, const std::string& name);

/// NotFound when there is no file, Corrupt when the range does not lie inside it.
void require_inside(const FileRange& range, std::optional<std::uint64_t> file_bytes);

}  // namespace osbackup::transport
