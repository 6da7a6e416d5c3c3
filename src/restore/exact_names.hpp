#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

namespace osbackup::restore {

/// Tells whether a directory has an object under exactly this name. A file system that takes names for the same which
/// differ by case, by Unicode normalisation or by dots at their end finds one object under many names, but lists one.
///
/// The directory is listed when it is first asked about; what was in it then is remembered. Thread-safe.
class ExactNames {
 public:
  /// What is remembered of one directory: 8 bytes a name. Names beyond that are looked for in a new listing each time.
  static constexpr std::size_t kNamesMax = std::size_t{1} << 20U;

  /// Of an open directory, the same one each time. False when it cannot be listed.
  bool has(int directory, std::string_view name);

 private:
  bool is_remembered(std::uint64_t hash) const;

  std::mutex mutex_;
  bool is_listed_ = false;
  std::vector<std::uint64_t> hashes_;  ///< Of the names that were listed, sorted.
};

}  // namespace osbackup::restore
