#pragma once

#include <string>

namespace osbackup::client {

/// A path of the index from the root on, as everything but the index itself has it: `/etc/passwd`, and `/` for `.`. One
/// that begins with a slash already stays.
std::string path_from_root(const std::string& index_path);

/// A name or path for people: printable, on one line, and no two of them alike: `\` is `\\`. Between `$'` and `'` the
/// shell makes of it what it was, if it has no `'`.
std::string shown_path(const std::string& path);

}  // namespace osbackup::client
