#pragma once

#include <stop_token>

#include "archive/archive_reader.hpp"
#include "restore/object_sink.hpp"
#include "restore/restore_progress.hpp"
#include "restore/selection.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// What is taken out of an archive, and how.
struct ExtractionOrder {
  Selection selection;
  unsigned threads = 1;     ///< That inflate and write; at least 1.
  bool keep_going = false;  ///< Goes on behind damage, and gets out what can be had.
  std::stop_token stop;     ///< Ends it with Cancelled.
};

/// What is told, and to whom.
struct ExtractionVoices {
  TroubleLog& troubles;
  RestoreProgress& progress;
};

/// Takes the selected objects out of an archive, on all cores, with memory that is bounded whatever the archive says:
/// the bytes of neighbouring objects are streamed, their members inflated, each object compared with its line in the
/// index, its content with its digest, and given to the sink.
///
/// An archive without an index is gone through tar by tar, in sequence.
///
/// What goes wrong with one object is in the log, and the others go on, but for damage without `keep_going`: that is
/// thrown, as Corrupt with the path. A sink's NoSpace, Unavailable and Cancelled end it. A path of the selection that
/// the archive does not have is Failed in the log.
void extract(archive::ArchiveReader& archive, const ExtractionOrder& order, ObjectSink& sink, ExtractionVoices voices);

}  // namespace osbackup::restore
