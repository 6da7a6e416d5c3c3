#pragma once

#include "restore/entry_stream.hpp"
#include "restore/extraction.hpp"

namespace osbackup::restore {

/// extract() for entries that come in sequence: one thread, and memory for a MiB of content. Nothing compares them with
/// an index. A hard link to content that is not selected is Failed in the log: what it links to has gone by.
void extract_in_sequence(EntryStream& entries, const ExtractionOrder& order, ObjectSink& sink, ExtractionVoices voices);

}  // namespace osbackup::restore
