#pragma once

#include <string>

#include "restore/deferred_metadata.hpp"
#include "restore/object_metadata.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// Gives objects of the target the owner, the mode, the attributes, the times and the flags that the archive has. What
/// cannot be set, and is not as it should be already, is counted in the log, and the rest is set. Thread-safe.
///
/// An object that belongs to somebody else than in the archive never gets its set-user-ID and set-group-ID bits.
class MetadataWriter {
 public:
  MetadataWriter(TroubleLog& log, DeferredMetadata& deferred) : log_(log), deferred_(deferred) {}

  /// All but the flags, once the content is written. As few calls as it takes: what the object has already is not set.
  ///
  /// A file that gets flags gets its time with them: as long as it lacks them its time is not the archive's. As another
  /// user than root a directory that its owner may not enter gets its mode in the end, since links may lead into it.
  void write(const HeldObject& object, const ObjectMetadata& metadata);

  /// The flags, once the object has its name. Append-only and immutable are put off when something is still to be done
  /// to it: names to be linked, entries to be made in it.
  void write_flags(const HeldObject& object, const ObjectMetadata& metadata);

 private:
  bool write_owner(const HeldObject& object, const ObjectMetadata& metadata);
  bool write_attributes(const HeldObject& object, const ObjectMetadata& metadata);
  void write_mode(const HeldObject& object, const ObjectMetadata& metadata, std::uint32_t mode);
  void write_time(const HeldObject& object, const ObjectMetadata& metadata);
  void set_flags(const HeldObject& object, const std::string& letters);
  void note(const std::string& what, const HeldObject& object, int problem);

  TroubleLog& log_;
  DeferredMetadata& deferred_;
};

/// What TroubleLog::add_not_set calls the mode, and the time.
inline constexpr char kModeName[] = "mode";
inline constexpr char kTimeName[] = "time of modification";

/// What it calls an inode flag.
std::string name_of_flag(char letter);

}  // namespace osbackup::restore
