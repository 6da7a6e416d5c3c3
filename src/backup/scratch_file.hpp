#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/byte_sink.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::backup {

/// Bytes that are gathered while an archive is made and would be too many for memory, in a file without a name. One
/// thread at a time; but overwrite() and read() may be called beside it, for bytes that are there already.
class ScratchFile final : public ByteSink {
 public:
  /// In this directory's file system. `purpose` is for error messages: "the index".
  ScratchFile(const std::filesystem::path& directory, std::string purpose);

  /// NoSpace names the place, the size reached and what can be done.
  void write(std::span<const std::byte> bytes) override;
  std::uint64_t size() const noexcept { return size_; }

  /// Replaces bytes that were written.
  void overwrite(std::uint64_t offset, std::span<const std::byte> bytes);

  /// Fills `out` with what was written at an offset. Corrupt when there is less.
  void read(std::uint64_t offset, std::span<std::byte> out) const;

  /// Writes all that was gathered to `sink`.
  void copy_to(ByteSink& sink);

 private:
  std::string purpose_;
  std::string purpose_and_place_;  ///< For error messages as well.
  system::FileDescriptor file_;
  std::uint64_t size_ = 0;
};

}  // namespace osbackup::backup
