#pragma once

#include <string>
#include <string_view>

#include "backup/warning_log.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::client {

/// How much is said.
enum class Verbosity { Quiet, Normal, Verbose };

/// Something that went wrong, or is worth knowing, about an object or about the whole.
struct Remark {
  std::string kind;                          ///< In one word, for --json: `missing`, `refused`.
  std::string path;                          ///< From the root on, raw bytes; empty when it is about the whole.
  std::string reason;                        ///< A sentence's end: "Permission denied".
  Verbosity shown_from = Verbosity::Normal;  ///< How much must be said for people to see it.
};

/// What was left out by rule is shown only to who asks; all of it is in backup.log.
Remark to_remark(const backup::Warning& warning);

/// What is lost is always shown.
Remark to_remark(const restore::Trouble& trouble);

/// What is said, printable, and cut as late as leaves room for two paths that printable() has cut, and for what is said
/// of them.
std::string shown_message(std::string_view text);

/// `/etc/x: Permission denied`, printable, on one line.
std::string to_line(const Remark& remark);

}  // namespace osbackup::client
