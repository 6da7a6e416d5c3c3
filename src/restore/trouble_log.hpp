#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace osbackup::restore {

/// What a command that reads archives could not do, or not wholly.
struct Trouble {
  enum class Kind {
    Damaged,  ///< The archive's bytes are not what they should be: the object is not restored.
    Refused,  ///< An entry that would have led out of the target, or onto another one: nothing is written.
    Failed,   ///< The host did not let it: the object is not restored, or not wholly.
    Note,     ///< Worth knowing, and no loss.
  };

  Kind kind = Kind::Failed;
  std::string path;    ///< As the index has it, raw bytes; empty when it is about the whole.
  std::string reason;  ///< A sentence's end: "Permission denied".

  bool operator==(const Trouble&) const = default;
};

/// `etc/x: Permission denied`, printable, on one line.
std::string to_line(const Trouble& trouble);

/// Hands each trouble on at once, and keeps counts alone, so that its memory is bounded. Thread-safe.
class TroubleLog {
 public:
  /// What could not be set of objects that are restored: `owner`, `extended attribute security.selinux`.
  using NotSet = std::map<std::string, std::uint64_t>;

  /// The most different things of NotSet; the rest is counted as `other things`.
  static constexpr std::size_t kNotSetMax = 100;

  struct Counts {
    std::uint64_t damaged = 0;
    std::uint64_t refused = 0;
    std::uint64_t failed = 0;
    std::uint64_t notes = 0;
    NotSet not_set = {};  ///< How many objects are without each.
  };

  /// `sink` gets every trouble, one at a time.
  explicit TroubleLog(std::function<void(const Trouble&)> sink) : sink_(std::move(sink)) {}

  void add(const Trouble& trouble);

  /// One more object of which `what` could not be set, and why. Handed on as a note the first time, counted ever after.
  void add_not_set(const std::string& what, const std::string& path, const std::string& reason);

  Counts counts() const;

 private:
  std::function<void(const Trouble&)> sink_;
  mutable std::mutex mutex_;
  Counts counts_;
};

}  // namespace osbackup::restore
