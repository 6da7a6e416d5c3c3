#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/byte_source.hpp"

namespace osbackup::storage {

/// What is known of a stored object.
struct ObjectInfo {
  std::string name;
  std::uint64_t bytes = 0;

  bool operator==(const ObjectInfo&) const = default;
};

/// What reading from a destination has cost so far.
struct Traffic {
  std::uint64_t logins = 0;      ///< To its server, for whatever was done there; 0 when it has none.
  std::uint64_t reads = 0;       ///< Ranges and streams that were begun, with what uploads read back.
  std::uint64_t bytes_read = 0;  ///< Of their content, with what arrived and was not wanted.

  bool operator==(const Traffic&) const = default;
};

/// One object on its way to a destination, invisible under its final name until commit().
///
/// One thread at a time. Every function throws Error: Unavailable when trying again may help. After a failure the
/// upload goes on with stored() and append() of what is missing. Destroying it without commit() abandons it: what is
/// there under the temporary name is removed as far as the destination can be reached. It must not outlive its
/// Destination.
class Upload {
 public:
  virtual ~Upload() = default;

  /// Sends the next bytes. Returns when they are handed to the far side, not when they are stored there.
  virtual void append(std::span<const std::byte> bytes) = 0;

  /// Ends what is in flight and returns the bytes that the far side truly holds: where to go on after a broken
  /// connection, and what to compare with the size before commit().
  virtual std::uint64_t stored() = 0;

  /// Reads back what was sent, after stored(). Denied when the destination forbids reading.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) = 0;

  /// Publishes under the final name. Readers see the whole object or none; an object of that name is never replaced
  /// (Exists is thrown, and the upload can be committed under another name). Unavailable when the far side does not
  /// hold all that was appended.
  virtual void commit(const std::string& name) = 0;
};

/// A place that keeps whole objects under a name: a directory, an FTP or SFTP server, later an S3 bucket.
///
/// A name is one path component, as object_name.hpp has it (else Usage).
/// Every implementation passes tests/contract/destination_contract.cpp.
/// All functions may be called from several threads at once, and throw Error.
class Destination {
 public:
  virtual ~Destination() = default;

  /// Starts an object under a temporary name; what a previous upload left under it is replaced.
  virtual std::unique_ptr<Upload> begin(const std::string& temporary_name) = 0;

  /// Fills `out` with the bytes from `offset` on. Corrupt when the object ends before that, NotFound when there is
  /// none.
  virtual void read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) = 0;

  /// The bytes from `offset` on, `length` of them, in order and in one transfer that its reader paces: for who needs
  /// them all. Throws as read() does, now or while it is read; Unavailable when the connection breaks. What the failed
  /// read had put into its `out` is lost. It must not outlive its Destination. Where reading needs a login, that can be
  /// used again when the object was read to its end.
  virtual std::unique_ptr<ByteSource> stream(const std::string& name, std::uint64_t offset, std::uint64_t length) = 0;

  /// The objects whose names begin with `prefix`, sorted by name; uploads in progress are among them, under their
  /// temporary names. What has no object's name, and what is no file, is left out. A destination that was never written
  /// to is empty.
  virtual std::vector<ObjectInfo> list(const std::string& prefix) = 0;

  /// Removing what does not exist succeeds.
  virtual void remove(const std::string& name) = 0;

  virtual Traffic traffic() const = 0;
};

}  // namespace osbackup::storage
