#pragma once

#include <memory>

#include "archive/entry_source.hpp"
#include "restore/entry_stream.hpp"
#include "restore/ordered_entries.hpp"

namespace osbackup::restore {

/// What entries_in_order() gives of an archive without an index. All of the stream is read before this returns.
std::unique_ptr<archive::EntrySource> entries_of_tars(EntryStream& tars, const OrderedEntries& wanted);

}  // namespace osbackup::restore
