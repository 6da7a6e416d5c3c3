#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

namespace osbackup::system {

/// What a mounted file system is to a backup.
enum class MountKind {
  Local,    ///< Files on this host's disks.
  Virtual,  ///< Made by the kernel, or gone at the next boot: proc, sysfs, tmpfs.
  Network,  ///< NFS, CIFS and the like.
  Fuse,     ///< A program's own file system, which may hang or be a network's.
};

/// One mounted file system.
struct Mount {
  std::string type;  ///< As the kernel names it: `ext4`, `fuse.sshfs`.
  MountKind kind = MountKind::Local;
};

/// The file systems that are mounted now, by device number (proc(5), /proc/PID/mountinfo). Immutable.
class MountTable {
 public:
  /// Reads the kernel's table for this process.
  static MountTable current();

  /// Reads text of the same form; lines that are not of it are passed over.
  explicit MountTable(std::string_view mountinfo);

  /// The file system with a device number; nullptr when none is listed (btrfs gives its subvolumes numbers of their
  /// own: such a device is a local one).
  const Mount* find(dev_t device) const;

  /// The network or FUSE file system that is mounted at a path (without its leading slash); nullptr when there is none.
  /// To be asked before the path is looked at: that may be forbidden even to root, or hang.
  const Mount* remote_at(const std::string& path) const;

 private:
  std::map<dev_t, Mount> mounts_;
  std::unordered_map<std::string, Mount> remote_;  ///< By mount point, without its leading slash.
};

/// How a file system of a type is treated.
MountKind mount_kind(std::string_view type);

}  // namespace osbackup::system
