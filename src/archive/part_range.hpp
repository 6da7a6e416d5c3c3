#pragma once

#include <cstdint>
#include <memory>

#include "archive/zip_writer.hpp"
#include "core/range_reader.hpp"

namespace osbackup::archive {

/// A part of what another reader has, such as the content of a zip entry, as a whole of its own. As thread-safe as the
/// other reader.
class PartRange final : public RangeReader {
 public:
  /// Corrupt when the part reaches beyond the end of `whole`.
  PartRange(std::shared_ptr<const RangeReader> whole, ZipPlace place);

  std::uint64_t size() const override { return place_.length; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override;
  std::unique_ptr<ByteSource> stream(std::uint64_t offset, std::uint64_t length) const override;

 private:
  std::shared_ptr<const RangeReader> whole_;
  ZipPlace place_;
};

}  // namespace osbackup::archive
