#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_set>

namespace osbackup::restore {

/// The paths of contents that are lost, which hard links to them are too. Keeps some 16 MiB of them in mind and no
/// more. Thread-safe.
class LostPaths {
 public:
  void add(const std::string& path);

  bool has(const std::string& path) const;
  bool is_empty() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_set<std::string> paths_;
  std::size_t bytes_ = 0;
};

}  // namespace osbackup::restore
