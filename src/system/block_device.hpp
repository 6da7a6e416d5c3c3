#pragma once

#include <sys/types.h>

#include <filesystem>

namespace osbackup::system {

/// Whether the file system with this device number lies on a rotating disk, where jumping about costs more than
/// reading. A partition is its disk's, a device mapper or md device any of those below it. What the kernel does not
/// tell (btrfs' own numbers, network file systems) counts as not rotating. `sys` is the kernel's tree.
bool is_rotating(dev_t device, const std::filesystem::path& sys = "/sys");

}  // namespace osbackup::system
