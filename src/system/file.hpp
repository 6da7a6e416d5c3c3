#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/range_reader.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::system {

/// Where and how a file is opened. `flags` are open(2)'s; O_CLOEXEC is always added.
struct OpenOptions {
  int flags = 0;
  mode_t mode = 0600;  ///< Of a file that is made.
};

/// Opens a path, or a name below an open directory. Throws with the path in the message.
FileDescriptor open_file(const std::filesystem::path& path, OpenOptions options);
/// The same below an open directory.
FileDescriptor open_file_at(const FileDescriptor& directory, const std::filesystem::path& name, OpenOptions options);

/// A new file without a name, for reading and writing, in this directory's file system: it is gone when it is closed,
/// however the process ends.
FileDescriptor open_unnamed_file(const std::filesystem::path& directory);

/// Writes every byte. `name` is for the message. NoSpace when the file system is full.
void write_all(const FileDescriptor& file, std::span<const std::byte> bytes, const std::string& name);
void write_all(const FileDescriptor& file, std::string_view text, const std::string& name);

/// Writes every byte from `offset` on, wherever the file stands. NoSpace when the file system is full.
void write_at(const FileDescriptor& file, std::uint64_t offset, std::span<const std::byte> bytes,
              const std::string& name);

/// Fills `out` from `offset` on, wherever the file stands. Corrupt when the file ends before that.
void read_at(const FileDescriptor& file, std::uint64_t offset, std::span<std::byte> out, const std::string& name);

/// The whole content of a regular file. Corrupt when it is longer than `bytes_max`.
std::string read_file(const std::filesystem::path& path, std::uint64_t bytes_max);
std::string read_file(const FileDescriptor& file, std::uint64_t bytes_max, const std::string& name);

/// Replaces a file in one step: readers see the old content or the new one, also after a loss of power. Mode 0600.
void write_file_durably(const std::filesystem::path& path, std::string_view text);

/// Makes a directory's entries durable after a rename or a removal in it.
void sync_directory(const std::filesystem::path& directory);

/// Moves a regular file, by a copy where the two lie on different file systems. Durable when it returns; an existing
/// target is replaced.
void move_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Renames in one step; an existing target is replaced. Durable after sync_directory.
void rename_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Renames in a directory, unless something has the new name, in one step. False, and errno, when it does not: EEXIST
/// when the name is taken. No link is followed. Where the file system cannot do that, the file has both names for a
/// moment.
bool rename_to_free_name(int directory, const char* from, const char* to) noexcept;

/// Removes a name. Removing what does not exist succeeds.
void remove_file(const std::filesystem::path& path);

/// The names in a directory, sorted as raw bytes, without `.` and `..`.
std::vector<std::string> list_directory(const std::filesystem::path& directory);

/// Whether something, also a dangling link, has this name. False when it cannot be looked at.
bool exists(const std::filesystem::path& path) noexcept;

/// Makes the directory and what is missing above it; the last with mode 0700, those above with 0755. What exists keeps
/// its mode.
void make_directories(const std::filesystem::path& directory);

/// Bytes that may still be written to the file system of `path` without its reserve for root, and the file system's
/// size.
struct DiskSpace {
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
};
/// Asks the file system of `path`.
DiskSpace disk_space(const std::filesystem::path& path);

/// The bytes of a regular file that nobody changes meanwhile.
class FileRange final : public RangeReader {
 public:
  explicit FileRange(const std::filesystem::path& path);

  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override;

 private:
  std::string name_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace osbackup::system
