#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/destination.hpp"
#include "storage/traffic_count.hpp"

namespace osbackup::storage {

/// Objects in memory, for tests and for trying things out. Thread-safe.
class MemoryDestination final : public Destination {
 public:
  std::unique_ptr<Upload> begin(const std::string& temporary_name) override;
  void read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) override;
  std::unique_ptr<ByteSource> stream(const std::string& name, std::uint64_t offset, std::uint64_t length) override;
  std::vector<ObjectInfo> list(const std::string& prefix) override;
  void remove(const std::string& name) override;
  Traffic traffic() const override { return traffic_.traffic(); }

 private:
  class MemoryUpload;
  class MemoryStream;

  void copy(const std::string& name, std::uint64_t offset, std::span<std::byte> out);

  /// The object, which has the bytes. With mutex_ held.
  const std::vector<std::byte>& require(const std::string& name, std::uint64_t offset, std::uint64_t length) const;

  TrafficCount traffic_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::byte>> objects_;
};

}  // namespace osbackup::storage
