#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/entry.hpp"
#include "backup/linked_objects.hpp"
#include "backup/scanner.hpp"
#include "crypto/sliced_digest.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::backup {

/// A regular file that is opened when its block is planned, because it has holes, several names, or more content than
/// one block. Its size in the archive is the one that it has then.
struct HeldFile {
  system::FileDescriptor descriptor;
  struct stat status {};
  bool sparse = false;
  std::vector<archive::Extent> extents;  ///< Where its content is; one over all of it when it is not sparse.
  std::uint64_t stored_bytes = 0;        ///< The sum of the extents.

  // From here on by the threads that encode its slices, each in its turn.
  crypto::SlicedDigest digest;
  bool changed = false;
  bool cut_short = false;   ///< It could not be read to its end,
  bool unreadable = false;  ///< because reading failed.
};

/// One object of a block.
struct PlannedObject {
  ScannedObject scanned;
  std::shared_ptr<HeldFile> held;              ///< Of a file that is open.
  std::shared_ptr<const LinkedObject> linked;  ///< Of an object with several names.
  bool is_link = false;                        ///< A further name: the tar entry is a hard link.
  std::optional<std::string> target;           ///< Of a symbolic link, where it was read when it was planned.
};

/// Part of the content of a file that fills several blocks.
struct Slice {
  std::size_t number = 0;
  std::uint64_t offset = 0;  ///< In the stored bytes: the extents one after another.
  std::uint64_t length = 0;
  bool is_last = false;
};

/// About 1 MiB of a directory's tar: what one thread encodes. Either several objects, or one slice of one.
struct Block {
  std::size_t directory = 0;  ///< Number of the configured directory.
  std::vector<PlannedObject> objects;
  std::optional<Slice> slice;
  bool ends_directory = false;
};

}  // namespace osbackup::backup
