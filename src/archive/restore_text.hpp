#pragma once

#include <string>
#include <vector>

#include "archive/archive_name.hpp"

namespace osbackup::archive {

/// What `osbackup/RESTORE.txt` says about one archive.
struct RestoreTextFacts {
  ArchiveName name;
  std::string run_id;                    ///< Tells apart two archives of the same content.
  std::vector<std::string> directories;  ///< As configured, absolute.
  bool has_index = false;                ///< Whether the archive says where each file lies in it.
};

/// How to restore this very archive by hand with unzip and tar: text of lines up to 100 columns. The commands in it are
/// meant to be copied; names in them are quoted for a POSIX shell.
std::string restore_text(const RestoreTextFacts& facts);

/// The text in single quotes for a POSIX shell.
std::string shell_quoted(std::string_view text);

}  // namespace osbackup::archive
