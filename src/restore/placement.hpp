#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>

#include "restore/done_object.hpp"
#include "restore/replacements.hpp"
#include "restore/target_directory.hpp"
#include "restore/target_tree.hpp"

namespace osbackup::restore {

/// Puts one object into its place in the target: under its own name when nothing is there; otherwise under a temporary
/// one, so that what is there stays whole until publish() replaces it. Destroyed before publish(), what was made is
/// removed. One thread at a time.
class Placement {
 public:
  /// Makes an object under a name that nothing has. False, and errno, when that fails.
  using Make = std::function<bool(const NamePlace&)>;

  Placement(TargetTree& tree, Replacements& replacements, TargetPlace place)
      : tree_(tree), replacements_(replacements), place_(std::move(place)) {}
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;
  ~Placement();

  const TargetPlace& place() const noexcept { return place_; }

  /// Makes the object. Errors are those of Receiver.
  void make(const Make& make);

  /// Where it is: its directory, and the name that it has for now.
  SharedDescriptor directory() { return tree_.open(*place_.directory); }
  const std::string& name() const noexcept { return temporary_.empty() ? place_.name : temporary_; }

  /// The object that was made: what is removed if it is not published.
  void set_made(const struct stat& status) noexcept { made_ = status; }

  /// Whether it takes the place of something: Replaced or New.
  ObjectAction action() const noexcept { return found_ ? ObjectAction::Replaced : ObjectAction::New; }

  /// Gives it its own name.
  void publish();

  /// Gives a file that is not whole a name beside its own: `NAME.damaged`, or `NAME.damaged.2` to `.9`, and never that
  /// of something else; a name that gets too long is cut before the ending. Gives its path as the index would have it.
  /// Exists when all names are taken.
  std::string publish_damaged();

 private:
  void remove_made();

  TargetTree& tree_;
  Replacements& replacements_;
  TargetPlace place_;
  std::string temporary_;             ///< Empty when it has its own name.
  std::optional<struct stat> found_;  ///< What it takes the place of.
  std::optional<struct stat> made_;   ///< Until it is published.
};

}  // namespace osbackup::restore
