#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/range_reader.hpp"
#include "core/retry_policy.hpp"
#include "storage/destination.hpp"

namespace osbackup::restore {

/// An object at a destination, read by ranges: the lowest layer of what an archive is read through. A read that fails
/// with Unavailable is tried again as the policy says; a stream goes on from where it was, and what it has brought
/// earns it new attempts. Thread-safe.
class StoredObject final : public RangeReader {
 public:
  /// `on_trouble` gets the message of each failure that is tried again; from any thread. The destination outlives it.
  StoredObject(storage::Destination& destination, storage::ObjectInfo object, RetryPolicy policy,
               std::function<void(const std::string&)> on_trouble);

  std::uint64_t size() const override { return object_.bytes; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override;
  std::unique_ptr<ByteSource> stream(std::uint64_t offset, std::uint64_t length) const override;

 private:
  class ResumedStream;

  storage::Destination& destination_;
  storage::ObjectInfo object_;
  RetryPolicy policy_;
  std::function<void(const std::string&)> on_trouble_;
};

}  // namespace osbackup::restore
