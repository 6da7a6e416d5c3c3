#pragma once

#include <string>
#include <string_view>

#include "archive/index_entry.hpp"
#include "restore/done_object.hpp"

namespace osbackup::client {

/// Where an object that is shown comes from.
struct ObjectOrigin {
  std::string_view message_type;  ///< Of the JSON object: `node`, `match`.
  std::string_view archive = {};  ///< Its name; empty where all are of one archive.
  bool has_index = true;          ///< Of that archive: without, only what a tar says of an object is known.
};

/// `/etc/passwd`, or `ARCHIVE:/etc/passwd`, which is what `dump` takes. Printable.
std::string object_path(const archive::Entry& entry, const ObjectOrigin& origin);

/// The same behind mode, links, owner, size (or device numbers) and local time, as `ls -l` shows them, and with what a
/// link leads to.
std::string object_details(const archive::Entry& entry, const ObjectOrigin& origin);

/// One JSON object: `message_type`, `archive` if it has a name, then all that the index has under its keys
/// (docs/format.md, "Index").
std::string object_json(const archive::IndexEntry& line, const ObjectOrigin& origin);

/// `replaced  /etc/passwd`: what became of an object in the target, whose path is as the index has it. Printable.
std::string done_line(const restore::DoneObject& done, const std::string& path);

/// The same as one JSON object, of type `object`, with the path from the root on.
std::string done_json(const restore::DoneObject& done, const std::string& path);

}  // namespace osbackup::client
