#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

namespace osbackup::archive {

/// What kinds of file-system objects an archive holds. A socket is none of them.
enum class EntryType { File, Directory, Symlink, Hardlink, Fifo, CharacterDevice, BlockDevice };

/// As the index has it: `dir`.
std::string_view name_of(EntryType type) noexcept;

/// A run of bytes in a file that is not a hole.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const Extent&) const = default;
};

/// An extended attribute as the kernel names and stores it: `user.note`, `system.posix_acl_access` (in the kernel's
/// binary form), `security.selinux`, `security.capability`.
struct Attribute {
  std::string name;
  std::string value;

  bool operator==(const Attribute&) const = default;
};

/// One file-system object, as both the tar and the index describe it (docs/format.md, "A directory's tar" and
/// "Index"). Names and values are raw bytes.
struct Entry {
  std::string path;  ///< Relative to `/`, without a slash at either end: `etc/passwd`; the root itself is `.`.
  EntryType type = EntryType::File;
  std::uint32_t mode = 0;  ///< The lower 12 bits: permissions, setuid, setgid, sticky.
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;  ///< Empty when the id has no name.
  std::string group;
  std::uint64_t size = 0;  ///< Of a file, and of what a hard link links to; else 0. With its holes.
  timespec mtime{};        ///< `tv_nsec` counts up from `tv_sec` also before 1970.
  timespec ctime{};
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t links = 1;
  std::uint32_t device_major = 0;  ///< Of a device node.
  std::uint32_t device_minor = 0;
  std::string target;  ///< Of a symbolic link, as it is; of a hard link, the path of the entry with the content.
  std::string flags;   ///< Inode flags in the letters of lsattr(1), sorted; only those that chattr(1) can set.
  std::vector<Attribute> attributes;  ///< Sorted by name.
  bool sparse = false;                ///< Whether `extents` says where the data is.
  /// In order, apart from each other, inside `size`; at most kExtentsMax. All but the last have a length of whole
  /// records of 512 bytes: GNU tar looks for the data of each at the begin of a record, other readers right behind the
  /// one before.
  std::vector<Extent> extents;
};

/// The longest path that an archive holds: a line of the list of blocks, with two paths of which every byte is escaped,
/// has to fit what its readers take.
inline constexpr std::size_t kPathBytesMax = 256U << 10U;

/// What a sparse file's map may hold; more extents are joined by taking the smallest holes for data.
inline constexpr std::size_t kExtentsMax = 4096;

/// What its path, target, user and group take; the headers in its tar are longer.
std::size_t name_bytes(const Entry& entry) noexcept;

/// The bytes of content that the tar holds: all but the holes.
std::uint64_t stored_bytes(const Entry& entry) noexcept;

/// Where the content that the tar holds lies in a file, sparse or not.
std::vector<Extent> content_extents(const Entry& entry);

/// Whether the tar holds less than the file.
bool has_holes(const Entry& entry) noexcept;

}  // namespace osbackup::archive
