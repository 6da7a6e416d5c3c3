#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/acl_kernel_form.hpp"
#include "archive/entry.hpp"
#include "archive/tar_header.hpp"
#include "archive/tar_input.hpp"
#include "archive/tar_metadata.hpp"
#include "core/byte_source.hpp"

namespace osbackup::archive {

/// The longest pax header before an entry. Ours are below 1 MiB and the paths.
inline constexpr std::size_t kPaxHeaderReadBytesMax = 16U << 20U;

/// The longest global pax header. What one says is kept, and copied for each entry.
inline constexpr std::size_t kGlobalHeaderReadBytesMax = 64U << 10U;

/// Reads a tar from its beginning to its end, entry by entry: ours (docs/format.md, "A directory's tar"), and those of
/// other programs in the formats ustar, pax, GNU and old GNU, sparse files in each of GNU tar's ways.
///
/// The bytes are not trusted. What is wrong is Corrupt, with the entry's path, if it is known, and its offset in the
/// tar; after that there is nothing more to be had from this reader. Memory is taken as bytes come, up to limits with
/// names. One thread at a time.
class TarReader {
 public:
  /// Reads from `source`, which must outlive it. ACLs that name users and groups need their ids.
  explicit TarReader(ByteSource& source, IdsOfNames ids = {});

  /// The next entry, with its path, type, mode, owner, size, time, target, device numbers, attributes and extents; a
  /// tar says nothing of the rest. Nothing at the end of the tar: two zero records, or the end of the bytes. What was
  /// not read of the content before is gone over.
  ///
  /// Path and a hard link's target have lost `./` at their begin and slashes at their end, and else may be anything:
  /// absolute, or with `..` in it. An entry of a type that nobody knows is a file (POSIX.1-2017, pax).
  std::optional<Entry> next();

  /// Fills `out`, or its beginning, with what comes next of the entry's content as it is stored: of a sparse file, its
  /// extents one after another. Gives how many bytes it wrote; less than `out.size()` at the end alone.
  std::size_t read(std::span<std::byte> out);

  /// How much of the content was not read yet.
  std::uint64_t content_left() const noexcept { return content_left_; }

  /// The offset in the tar of the entry's first record: its pax header, if it has one.
  std::uint64_t entry_offset() const noexcept { return entry_offset_; }

  /// Attributes of the entry whose value cannot be restored here: an ACL that is none, or with a name without an id.
  const std::vector<std::string>& lost_attributes() const noexcept { return metadata_.lost_attributes; }

  /// Whether the tar ended with zero records, and so is known to be whole.
  bool has_end_records() const noexcept { return has_end_records_; }

 private:
  std::string place() const;
  bool find_header();
  void check_end();
  bool take_extension(const TarHeader& header);
  void take_pax_header(const TarHeader& header);
  std::string long_name(const TarHeader& header);
  Entry describe();
  void describe_content(Entry& entry);
  void describe_sparse(Entry& entry, std::uint64_t bytes_in_tar);

  TarInput input_;
  IdsOfNames ids_;
  TarMetadata global_;
  TarMetadata metadata_;             ///< Of the entry.
  std::optional<TarHeader> header_;  ///< Of the entry.
  std::uint64_t entry_offset_ = 0;
  std::uint64_t content_left_ = 0;
  std::uint64_t behind_content_ = 0;  ///< Bytes from the content's end to the next header.
  bool ended_ = false;
  bool has_end_records_ = false;
};

}  // namespace osbackup::archive
