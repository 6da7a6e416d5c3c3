#pragma once

#include <stop_token>
#include <string>

#include "archive/archive_reader.hpp"
#include "core/byte_sink.hpp"
#include "restore/restore_progress.hpp"

namespace osbackup::restore {

/// Which file of an archive is wanted.
struct DumpOrder {
  std::string path;      ///< As the index has it.
  std::stop_token stop;  ///< Ends it with Cancelled.
};

/// Writes the content of one file of an archive, holes as zeros, in bounded memory: a hard link's is that of what it
/// links to. Reads the tail, a block or two of the index, and the file's own members.
///
/// What was written before Corrupt is thrown is not to be trusted: each member's CRC is checked before its bytes go
/// out, but the file's digest is known only at the end. NotFound when the archive has no such path; Usage when it is no
/// file, which says what to do instead.
///
/// In an archive without an index the tars that can hold the file are gone through twice: to their ends, where their
/// CRCs are, since of several entries of the path the last one counts; then for its content.
void dump(archive::ArchiveReader& archive, const DumpOrder& order, ByteSink& out, RestoreProgress& progress);

}  // namespace osbackup::restore
