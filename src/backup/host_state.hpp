#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace osbackup::backup {

/// What a host remembers between runs, in its state directory: the temporary names that it may have left at the
/// destination, and the last archive's size. Every change is on disk when the function returns. One thread at a time;
/// one process at a time, by the run's lock.
class HostState {
 public:
  /// Reads the state, or begins an empty one. A file that cannot be understood is renamed aside: it holds nothing that
  /// a backup could not be made without. `set_aside` then tells its new name.
  explicit HostState(const std::filesystem::path& directory);

  const std::optional<std::filesystem::path>& set_aside() const noexcept { return set_aside_; }

  /// The temporary names that uploads of this host began and did not finish.
  const std::vector<std::string>& temporary_names() const noexcept { return temporary_names_; }
  void remember_temporary_name(const std::string& name);
  void forget_temporary_name(const std::string& name);

  /// Of the newest archive that was made of these directories; 0 when there was none.
  std::uint64_t last_archive_bytes(const std::string& directories) const noexcept {
    return directories == last_directories_ ? last_archive_bytes_ : 0;
  }
  void set_last_archive(const std::string& directories, std::uint64_t bytes);

 private:
  void read(const std::string& text);
  void save() const;

  std::filesystem::path file_;
  std::optional<std::filesystem::path> set_aside_;
  std::vector<std::string> temporary_names_;
  std::uint64_t last_archive_bytes_ = 0;
  std::string last_directories_;
};

}  // namespace osbackup::backup
