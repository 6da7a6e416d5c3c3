#pragma once

#include <memory>

#include "core/range_reader.hpp"
#include "restore/extraction.hpp"

namespace osbackup::restore {

/// extract() for an archive that may be damaged anywhere: gets out all that can be had. Where the end of the archive
/// and its index are good it goes by them; else it says so as a note, and looks for the entries themselves, which are
/// then compared with no digest. Each loss is Damaged in the log. `order.keep_going` is taken to be set.
void recover(std::shared_ptr<const RangeReader> object, ExtractionOrder order, ObjectSink& sink,
             ExtractionVoices voices);

}  // namespace osbackup::restore
