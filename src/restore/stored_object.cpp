#include "restore/stored_object.hpp"

namespace osbackup::restore {

StoredObject::StoredObject(storage::Destination& destination, storage::ObjectInfo object, RetryPolicy policy,
                           std::function<void(const std::string&)> on_trouble)
    : destination_(destination),
      object_(std::move(object)),
      policy_(std::move(policy)),
      on_trouble_(std::move(on_trouble)) {}

void StoredObject::read(std::uint64_t offset, std::span<std::byte> out) const {
  with_retries(policy_, on_trouble_, [&] { destination_.read(object_.name, offset, out); });
}

std::unique_ptr<ByteSource> StoredObject::stream(std::uint64_t offset, std::uint64_t length) const {
  return RangeReader::stream(offset, length);
}

}  // namespace osbackup::restore
