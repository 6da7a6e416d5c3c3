#include "restore/lost_paths.hpp"

namespace osbackup::restore {
namespace {

constexpr std::size_t kBytesMax = 16U << 20U;
/// What each path costs besides.
constexpr std::size_t kOverheadBytes = 80;

}  // namespace

void LostPaths::add(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  bytes_ += path.size() + kOverheadBytes;
  if (bytes_ < kBytesMax) paths_.insert(path);
}

bool LostPaths::has(const std::string& path) const {
  const std::scoped_lock lock(mutex_);
  return paths_.contains(path);
}

bool LostPaths::is_empty() const {
  const std::scoped_lock lock(mutex_);
  return paths_.empty();
}

}  // namespace osbackup::restore
