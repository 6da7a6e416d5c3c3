#include "restore/exact_names.hpp"

#include <algorithm>
#include <functional>

#include "system/directory_reader.hpp"

namespace osbackup::restore {
namespace {

/// Calls `take(name)` for each name until it says that this was enough.
template <class Take>
void list(int directory, Take take) {
  // A description of its own: several threads may read one directory at once.
  const system::FileDescriptor own = system::open_directory_at(directory, ".");
  if (!own) return;
  system::DirectoryReader reader;
  reader.begin(own.get());
  while (const char* name = reader.next())
    if (take(std::string_view(name))) return;
}

std::uint64_t hash_of(std::string_view name) { return std::hash<std::string_view>()(name); }

}  // namespace

bool ExactNames::is_remembered(std::uint64_t hash) const {
  return std::binary_search(hashes_.begin(), hashes_.end(), hash);
}

bool ExactNames::has(int directory, std::string_view name) {
  const std::scoped_lock lock(mutex_);
  if (!is_listed_) {
    list(directory, [&](std::string_view listed) {
      hashes_.push_back(hash_of(listed));
      return hashes_.size() >= kNamesMax;
    });
    std::sort(hashes_.begin(), hashes_.end());
    is_listed_ = true;
  }
  if (is_remembered(hash_of(name))) return true;
  bool is_there = false;
  list(directory, [&](std::string_view listed) { return is_there = listed == name; });
  return is_there;
}

}  // namespace osbackup::restore
