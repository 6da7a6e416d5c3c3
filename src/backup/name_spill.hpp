#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "system/file_descriptor.hpp"

namespace osbackup::backup {

/// Where names lie that memory has no room for: one file without a name, made when it is first needed. Space that is
/// given back is used by the file system again. One thread at a time.
class NameSpill {
 public:
  /// The file, which only this user could read if it had a name, is made in `directory`.
  explicit NameSpill(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Appends, and gives the place. NoSpace when the file system is full.
  std::uint64_t append(std::string_view bytes);
  /// Reads as much as `out` holds or the file has, at least a byte; Internal when it has none.
  std::size_t read(std::uint64_t offset, std::span<char> out) const;
  /// These bytes are not asked for again.
  void release(std::uint64_t offset, std::uint64_t bytes) noexcept;

  /// The place of what is appended next.
  std::uint64_t end() const noexcept { return end_; }
  /// What is held and was not given back.
  std::uint64_t held_bytes() const noexcept { return held_bytes_; }

 private:
  std::filesystem::path directory_;
  system::FileDescriptor file_;
  std::uint64_t end_ = 0;
  std::uint64_t held_bytes_ = 0;
};

}  // namespace osbackup::backup
