#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>

#include "core/range_reader.hpp"

namespace osbackup::backup {

/// The bytes of an archive in order, perhaps while they are still being made. One thread reads at a time.
class ArchiveSource {
 public:
  virtual ~ArchiveSource() = default;

  /// Waits until there is a byte at `offset`, copies what is there from that byte on, as far as it fits into `out`
  /// (which is not empty), and returns how many bytes that are; 0 at the end of the archive. Cancelled when `stop` is
  /// requested, or when the archive will never be complete.
  virtual std::size_t read(std::uint64_t offset, std::span<std::byte> out, const std::stop_token& stop) = 0;

  /// The archive's size, once it is complete.
  virtual std::optional<std::uint64_t> size() const = 0;

  /// Whether bytes can be read again. Where they cannot, each read begins where the one before ended.
  virtual bool can_go_back() const noexcept = 0;
};

/// An archive that is complete, such as a kept one.
class CompleteArchive final : public ArchiveSource {
 public:
  /// `content` outlives the object.
  explicit CompleteArchive(const RangeReader& content) : content_(content) {}

  std::size_t read(std::uint64_t offset, std::span<std::byte> out, const std::stop_token& stop) override;
  std::optional<std::uint64_t> size() const override { return content_.size(); }
  bool can_go_back() const noexcept override { return true; }

 private:
  const RangeReader& content_;
};

}  // namespace osbackup::backup
