#include "restore/extraction.hpp"

#include "restore/indexed_extraction.hpp"
#include "restore/sequential_entries.hpp"
#include "restore/sequential_extraction.hpp"
#include "system/owner_names.hpp"

namespace osbackup::restore {

void extract(archive::ArchiveReader& archive, const ExtractionOrder& order, ObjectSink& sink, ExtractionVoices voices) {
  if (archive.manifest()) return extract_by_index(archive, order, sink, voices);
  SequentialEntries entries(archive, {.paths = order.selection.paths,
                                      .ids = {.user = system::user_id, .group = system::group_id},
                                      .on_trouble = [&](const Trouble& trouble) { voices.troubles.add(trouble); }});
  extract_in_sequence(entries, order, sink, voices);
}

}  // namespace osbackup::restore
