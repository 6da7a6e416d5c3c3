#pragma once

#include "restore/extraction.hpp"

namespace osbackup::restore {

/// extract() for an archive with an index: one thread reads what the index says, in streams, and receives the objects;
/// others inflate, compare, hash and write.
void extract_by_index(archive::ArchiveReader& archive, const ExtractionOrder& order, ObjectSink& sink,
                      ExtractionVoices voices);

}  // namespace osbackup::restore
