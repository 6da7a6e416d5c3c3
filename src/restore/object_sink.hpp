#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "archive/entry.hpp"

namespace osbackup::restore {

/// One object on its way out of an archive: begin(), then write() for each piece of its content, then finish() or
/// keep_damaged(). Destroyed without one of them it is given up, and leaves nothing behind.
///
/// What fails for this object alone throws Error, whose message is a sentence's end about it (Trouble::reason); Refused
/// when it would have led out of the target, or onto another object. NoSpace, Unavailable and Cancelled are about all
/// objects. Never Corrupt, which is the archive's.
class Receiver {
 public:
  virtual ~Receiver() = default;

  /// The object as the tar has it, with attributes and extents, and with the flags and the number of links that the
  /// index has. Its path and a hard link's target are those given to ObjectSink::receive.
  virtual void begin(const archive::Entry& entry) = 0;

  /// Content of a file, from `offset` on. What is never written is a hole. Pieces come in any order, and several
  /// threads may write at once.
  virtual void write(std::uint64_t offset, std::span<const std::byte> content) = 0;

  /// What was written is no content any more: the file is a hole from its begin to its end. No other thread writes.
  virtual void forget_content() {}

  /// The object is whole, and its content is what the archive says. A hard link is made here: what it links to was
  /// finished before.
  virtual void finish() = 0;

  /// The object is a file that is not whole: what was written of it stays, under another name, which is returned as the
  /// index would have it. What was written from `right_bytes` on is not right, and becomes a hole. Nothing when this
  /// keeps no such files; Exists when there is no name for it.
  virtual std::optional<std::string> keep_damaged(std::uint64_t /*right_bytes*/) { return std::nullopt; }
};

/// Where the objects of an archive go: a disk, or nowhere, when they are only looked at.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;

  /// Whether an object is wanted at all; if not, nothing of it is read. Asked in the archive's order, some time before
  /// receive(), by the same thread. `entry` is as the index has it: without attributes and extents; in an archive
  /// without an index, as the tar has it.
  virtual bool wants(const archive::Entry& entry) = 0;

  /// Prepares an object's place. In the archive's order, by one thread: a directory is there when this returns, so that
  /// what lies in it can be received. The receiver is used by other threads, and does not outlive the sink. Errors are
  /// those of Receiver.
  virtual std::unique_ptr<Receiver> receive(const archive::Entry& entry) = 0;
};

}  // namespace osbackup::restore
