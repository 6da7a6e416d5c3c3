#pragma once

#include <memory>
#include <string>

#include "core/range_reader.hpp"
#include "restore/extraction.hpp"

namespace osbackup::restore {

/// What there is of an archive that may be damaged anywhere.
struct Remains {
  std::shared_ptr<const RangeReader> object;
  std::unique_ptr<archive::ArchiveReader> archive;  ///< Nothing when its end is damaged, or the zip's directory.
  std::string problem;                              ///< Then: what is wrong with it.
};

/// Opens what is there. What is no damage is thrown as by ArchiveReader.
Remains open_remains(std::shared_ptr<const RangeReader> object);

/// extract() that gets out all that can be had. Where the end of the archive and its index are good it goes by them;
/// else it says so as a note, and looks for the entries themselves, which are then compared with no digest. Each loss
/// is Damaged in the log. `order.keep_going` is taken to be set.
void recover(Remains& remains, ExtractionOrder order, ObjectSink& sink, ExtractionVoices voices);

}  // namespace osbackup::restore
