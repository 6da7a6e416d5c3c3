#include "storage/memory_destination.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/range_source.hpp"
#include "storage/object_name.hpp"

namespace osbackup::storage {

class MemoryDestination::MemoryUpload final : public Upload {
 public:
  MemoryUpload(MemoryDestination& destination, std::string name)
      : destination_(destination), temporary_name_(std::move(name)) {}
  ~MemoryUpload() override {
    const std::scoped_lock lock(destination_.mutex_);
    destination_.objects_.erase(temporary_name_);
  }

  void append(std::span<const std::byte> bytes) override {
    const std::scoped_lock lock(destination_.mutex_);
    std::vector<std::byte>& object = destination_.objects_[temporary_name_];
    object.insert(object.end(), bytes.begin(), bytes.end());
  }

  std::uint64_t stored() override {
    const std::scoped_lock lock(destination_.mutex_);
    return destination_.objects_[temporary_name_].size();
  }

  void read(std::uint64_t offset, std::span<std::byte> out) override {
    destination_.read(temporary_name_, offset, out);
  }

  void commit(const std::string& name) override {
    require_object_name(name);
    const std::scoped_lock lock(destination_.mutex_);
    if (destination_.objects_.contains(name))
      throw Error(ErrorKind::Exists, "publish " + name + ": an object of that name exists already");
    auto object = destination_.objects_.extract(temporary_name_);
    object.key() = name;
    destination_.objects_.insert(std::move(object));
  }

 private:
  MemoryDestination& destination_;
  std::string temporary_name_;
};

class MemoryDestination::MemoryStream final : public ByteSource {
 public:
  MemoryStream(MemoryDestination& destination, std::string name, RangeSource::Part part)
      : destination_(destination), name_(std::move(name)), left_(part) {
    const std::scoped_lock lock(destination_.mutex_);
    destination_.require(name_, part.offset, part.length);
  }

  std::size_t read(std::span<std::byte> out) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_.length));
    destination_.copy(name_, left_.offset, out.first(count));
    left_.offset += count;
    left_.length -= count;
    return count;
  }

 private:
  MemoryDestination& destination_;
  std::string name_;
  RangeSource::Part left_;
};

std::unique_ptr<Upload> MemoryDestination::begin(const std::string& temporary_name) {
  require_object_name(temporary_name);
  const std::scoped_lock lock(mutex_);
  objects_[temporary_name].clear();
  return std::make_unique<MemoryUpload>(*this, temporary_name);
}

const std::vector<std::byte>& MemoryDestination::require(const std::string& name, std::uint64_t offset,
                                                         std::uint64_t length) const {
  const auto found = objects_.find(name);
  if (found == objects_.end()) throw Error(ErrorKind::NotFound, "read " + name + ": there is no such object");
  const std::vector<std::byte>& object = found->second;
  if (offset > object.size() || length > object.size() - offset)
    throw Error(ErrorKind::Corrupt, "read " + name + ": the object ends too early");
  return object;
}

void MemoryDestination::copy(const std::string& name, std::uint64_t offset, std::span<std::byte> out) {
  const std::scoped_lock lock(mutex_);
  const std::vector<std::byte>& object = require(name, offset, out.size());
  std::copy_n(object.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
  traffic_.add_bytes(out.size());
}

void MemoryDestination::read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) {
  require_object_name(name);
  traffic_.begin_read();
  copy(name, offset, out);
}

std::unique_ptr<ByteSource> MemoryDestination::stream(const std::string& name, std::uint64_t offset,
                                                      std::uint64_t length) {
  require_object_name(name);
  traffic_.begin_read();
  return std::make_unique<MemoryStream>(*this, name, RangeSource::Part{.offset = offset, .length = length});
}

std::vector<ObjectInfo> MemoryDestination::list(const std::string& prefix) {
  const std::scoped_lock lock(mutex_);
  std::vector<ObjectInfo> found;
  for (auto at = objects_.lower_bound(prefix); at != objects_.end() && at->first.starts_with(prefix); ++at)
    found.push_back({.name = at->first, .bytes = at->second.size()});
  return found;
}

void MemoryDestination::remove(const std::string& name) {
  require_object_name(name);
  const std::scoped_lock lock(mutex_);
  objects_.erase(name);
}

}  // namespace osbackup::storage
