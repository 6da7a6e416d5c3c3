#pragma once

#include <cstdint>
#include <ctime>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/acl_kernel_form.hpp"
#include "archive/sparse_map.hpp"

namespace osbackup::archive {

/// The longest path or target that is read. Linux opens at most 4,095 bytes at once; ours may be deeper.
inline constexpr std::size_t kPathReadBytesMax = 1U << 20U;

/// The most extended attributes that are read of one entry. Linux lists at most 64 KiB of names.
inline constexpr std::size_t kAttributesReadMax = 16'384;

/// What pax records and other headers before that of an entry say of it. What they do not say is in its own. One thread
/// at a time.
struct TarMetadata {
  std::optional<std::string> path;
  std::optional<std::string> target;
  std::optional<std::string> user;
  std::optional<std::string> group;
  std::optional<std::uint64_t> uid;
  std::optional<std::uint64_t> gid;
  std::optional<std::uint64_t> size;  ///< Of what the tar holds; a sparse file's map counts too.
  std::optional<std::uint64_t> device_major;
  std::optional<std::uint64_t> device_minor;
  std::optional<timespec> mtime;
  std::map<std::string, std::string> attributes;  ///< With the kernel's names and values.
  std::vector<std::string> lost_attributes;       ///< The names of those that no value could be made of.

  std::optional<std::string> long_path;    ///< Of GNU's type `L`; what `path` says counts more.
  std::optional<std::string> long_target;  ///< Of type `K`.

  std::optional<std::string> sparse_path;
  std::optional<std::uint64_t> sparse_size;   ///< Of the file with its holes.
  std::optional<std::uint64_t> sparse_major;  ///< The version that begins the content with a map.
  std::optional<std::uint64_t> sparse_minor;
  std::optional<std::uint64_t> sparse_offset;  ///< Of an extent whose length is to come.
  SparseMap sparse_map;                        ///< That of the versions that have it in the header.

  /// Takes a record of the header before one entry. Unknown keywords say nothing; an empty value takes back what a
  /// global header said, but an attribute may be empty. Corrupt when the value is not what the keyword stands for.
  void add(std::string_view keyword, std::string_view value, const IdsOfNames& ids);

  /// Takes a record of a global header, which says no more than names, owners, times and sizes.
  void add_global(std::string_view keyword, std::string_view value);

  bool is_sparse() const noexcept { return sparse_major || sparse_size || !sparse_map.empty(); }

 private:
  bool add_plain(std::string_view keyword, std::string_view value);
  bool add_sparse(std::string_view keyword, std::string_view value);
  void add_attribute(std::string_view keyword, std::string_view value, const IdsOfNames& ids);
  void add_acl(const std::string& name, std::string_view text, const IdsOfNames& ids);
};

}  // namespace osbackup::archive
