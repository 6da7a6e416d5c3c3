#pragma once

#include <sys/stat.h>

#include <ctime>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "restore/exact_names.hpp"
#include "restore/sink_options.hpp"
#include "restore/temporary_names.hpp"

namespace osbackup::restore {

/// A name in an open directory.
struct NamePlace {
  int directory = -1;
  const char* name = "";
};

/// What is there under a name, links not followed; nothing when nothing is. Throws when it cannot be looked at.
std::optional<struct stat> look_at(const NamePlace& place);

/// Decides which objects of the target may be replaced, and replaces them in one step. Thread-safe.
class Replacements {
 public:
  /// `started`: what was made later was made by this run, or meanwhile; nothing when that is not known.
  Replacements(const SinkOptions& options, std::optional<timespec> started)
      : overwrite_(options.overwrite), later_replaces_(options.later_replaces), started_(started) {}

  /// Refused, Exists or Denied unless what is there may be replaced, which keep() does not allow. `names` are those of
  /// the directory. `in_order`: no entry before this one can have had the same path.
  void check(const NamePlace& place, ExactNames& names, bool in_order) const;

  /// Refused when what is there was made for an entry before this one. check() does the same.
  void check_first(const NamePlace& place, bool in_order) const;

  /// Whether what is there was made by this run, or meanwhile; false when that is not known.
  bool is_made_since_start(const NamePlace& place) const;

  bool later_replaces() const noexcept { return later_replaces_; }

  /// A new name for an object that is to be renamed.
  std::string temporary_name() { return names_.next(); }

  /// Renames over what was found at `place` before, or over nothing. Refused when something else is there meanwhile, or
  /// a directory that is not empty.
  void replace(const NamePlace& place, const std::string& temporary, const struct stat& found);

  /// Gives what was made at `place` another name, unless that is taken: then false.
  bool keep(const NamePlace& place, const std::string& free_name, const struct stat& made);

 private:
  bool is_kept(const NamePlace& place) const;

  Overwrite overwrite_;
  bool later_replaces_;
  std::optional<timespec> started_;
  TemporaryNames names_;
  mutable std::mutex mutex_;  ///< Between the last look and the rename no other object of this run gets the name.
  std::set<std::pair<dev_t, ino_t>> kept_;  ///< What keep() renamed; guarded by the mutex.
};

}  // namespace osbackup::restore
