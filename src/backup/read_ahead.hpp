#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <utility>

#include "backup/block.hpp"

namespace osbackup::backup {

/// Asks the kernel for the content of blocks before their threads read it, so that a disk has many requests to put in
/// order instead of one at a time. Files on a rotating disk are asked for in the order of their inodes, which is about
/// the order in which they lie there.
///
/// It does so only while reading has to wait for a disk: content that is in memory already is not worth the calls.
/// note() is thread-safe, the rest is for one thread at a time.
class ReadAhead {
 public:
  /// How many blocks are asked for after a read that waited, and at the beginning.
  static constexpr int kBlocksAfterAWait = 64;

  /// `sys` is the kernel's tree, which tells what rotates.
  explicit ReadAhead(std::filesystem::path sys = "/sys") : sys_(std::move(sys)) {}

  /// Tells whether a read had to wait for its disk.
  void note(bool waited) noexcept {
    if (waited) wanted_blocks_ = kBlocksAfterAWait;
  }

  /// Called for each block, in order, before it is encoded.
  void prepare(const Block& block);

 private:
  bool lies_on_rotating_disk(dev_t device);

  const std::filesystem::path sys_;
  std::atomic<int> wanted_blocks_ = kBlocksAfterAWait;
  std::map<dev_t, bool> rotating_;  ///< What the kernel said of each device.
};

}  // namespace osbackup::backup
