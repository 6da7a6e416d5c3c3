#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/destination.hpp"
#include "storage/traffic_count.hpp"

namespace osbackup::storage {

/// The files of one directory, which is made when the first object is begun. Files have mode 0600; commit() returns
/// when file and name are on the disk. Links in the directory are neither followed nor listed. Thread-safe.
class FolderDestination final : public Destination {
 public:
  explicit FolderDestination(std::filesystem::path folder) : folder_(std::move(folder)) {}

  std::unique_ptr<Upload> begin(const std::string& temporary_name) override;
  void read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) override;
  std::unique_ptr<ByteSource> stream(const std::string& name, std::uint64_t offset, std::uint64_t length) override;
  std::vector<ObjectInfo> list(const std::string& prefix) override;
  void remove(const std::string& name) override;
  Traffic traffic() const override { return traffic_.traffic(); }

 private:
  std::filesystem::path folder_;
  TrafficCount traffic_;
};

}  // namespace osbackup::storage
