#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "archive/entry.hpp"

namespace osbackup::restore {

/// What became of an object of the archive in the target, or would become of it.
enum class ObjectAction {
  New,        ///< Nothing was there.
  Replaced,   ///< It took the place of something.
  Updated,    ///< A directory that was there, and gets owner, mode and so on of the archive's.
  Unchanged,  ///< It is there as the archive has it.
  Kept,       ///< Something is there, and stays.
  Partial,    ///< What there is of a damaged file, under another name.
};

/// One object that is done.
struct DoneObject {
  ObjectAction action = ObjectAction::New;
  archive::EntryType type = archive::EntryType::File;
  std::uint64_t size = 0;  ///< A file's.
};

/// Hears of each object and its path in the target, as the index would have it. Called by several threads at once. What
/// it throws is thrown to the sink's user.
using ObjectListener = std::function<void(const DoneObject&, const std::string& path)>;

}  // namespace osbackup::restore
