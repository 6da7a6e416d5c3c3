#pragma once

#include <string>

#include "core/json.hpp"
#include "restore/diff.hpp"

namespace osbackup::client {

/// `M  /etc/passwd`, and `M  /etc/passwd  (content, mtime)` with its fields. Printable.
std::string change_text(const restore::Change& change, bool with_fields);

/// One JSON object of `message_type` `change`: path and type as the index has them, the letter, and the fields.
std::string change_json(const restore::Change& change);

/// `3 added, 1 removed, 2 changed`: what there is of each kind; `no differences` when there is nothing.
std::string counts_text(const restore::DiffCounts& counts);

/// All the counts under their names.
json::Object counts_json(const restore::DiffCounts& counts);

}  // namespace osbackup::client
