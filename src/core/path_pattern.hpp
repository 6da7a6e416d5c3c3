#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/name_pattern.hpp"

namespace osbackup {

/// A glob pattern for paths (docs/configuration.md, "Patterns"): NamePatterns between slashes, `**` for any number of
/// names. It begins at the root when it begins with a slash, at any depth otherwise; a slash at its end restricts it to
/// directories. What matches a directory holds for everything below. Immutable, thread-safe.
class PathPattern {
 public:
  static constexpr std::size_t kBytesMax = 4096;

  /// Usage when it is empty, too long, or no pattern; the message names it and says what was expected.
  explicit PathPattern(std::string_view text);

 private:
  friend class PathPatterns;

  /// One name, or nothing for `**`.
  using Step = std::optional<NamePattern>;

  void add(std::string_view component);

  std::vector<Step> steps_;  ///< From the root on: one that may begin anywhere begins with `**`.
  bool directories_only_ = false;
};

/// What a pattern makes of an object.
enum class PatternMatch {
  None,
  Directory,  ///< It matches if it is a directory.
  Any,
};

/// Several patterns, asked together on the way down a tree: an object costs the same at any depth. Immutable,
/// thread-safe.
class PathPatterns {
 public:
  /// How far each pattern has come in a directory. Cheap to copy.
  class Place {
   private:
    friend class PathPatterns;
    std::shared_ptr<const std::vector<std::uint32_t>> steps_;  ///< That may match next, rising.
  };

  PathPatterns() = default;
  explicit PathPatterns(const std::vector<PathPattern>& patterns);

  bool empty() const noexcept { return steps_.empty(); }

  /// The root of the file system.
  Place root() const { return root_; }
  /// A directory in another one, whether a pattern matches it or not.
  Place below(const Place& directory, std::string_view name) const;
  /// Whether a pattern matches an object in a directory. What is above it was asked before.
  PatternMatch match(const Place& directory, std::string_view name) const noexcept;

  /// Whether a pattern matches a path, or a directory above it: `etc/passwd` or `/etc/passwd`.
  bool matches(std::string_view path, bool is_directory) const { return matches_below(root(), path, is_directory); }
  /// The same of a path that begins in a directory; nothing above is asked.
  bool matches_below(const Place& directory, std::string_view path, bool is_directory) const;

 private:
  struct Step {
    std::optional<NamePattern> name;  ///< Nothing: any number of names.
    bool is_last = false;
    bool directories_only = false;
  };

  void add(std::vector<std::uint32_t>& place, std::uint32_t step) const;
  static Place place_of(std::vector<std::uint32_t> steps);

  std::vector<Step> steps_;  ///< Of all patterns, one after the other.
  Place root_;
};

}  // namespace osbackup
