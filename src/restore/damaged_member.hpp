#pragma once

#include <cstddef>
#include <span>

#include "restore/span_planner.hpp"
#include "restore/span_work.hpp"

namespace osbackup::restore {

/// A gzip member that is not as it was made, of which as much is inflated as can be: objects in it may be whole. One
/// thread at a time.
class DamagedMember {
 public:
  /// `member` goes from where it begins to where it should end. Its content is in `inflation` until that is used again;
  /// 4 MiB of it at most.
  DamagedMember(std::span<const std::byte> member, Inflation& inflation);

  /// All that could be inflated, and zeros behind it. Nothing of it is known to be right.
  std::span<const std::byte> content() const noexcept { return content_; }

  /// Whether the content has an object, where its line in the index says, that is all that the line says: headers and
  /// content. False when the line has no digest of its content.
  bool holds(const PlannedObject& object) const;

 private:
  std::span<const std::byte> content_;
};

}  // namespace osbackup::restore
