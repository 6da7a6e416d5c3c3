#include "restore/extraction.hpp"

#include "core/error.hpp"
#include "restore/indexed_extraction.hpp"

namespace osbackup::restore {

void extract(archive::ArchiveReader& archive, const ExtractionOrder& order, ObjectSink& sink, ExtractionVoices voices) {
  if (archive.manifest()) return extract_by_index(archive, order, sink, voices);
  throw Error(ErrorKind::Internal, "archives without an index");
}

}  // namespace osbackup::restore
