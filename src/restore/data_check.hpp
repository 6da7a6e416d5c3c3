#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/range_reader.hpp"
#include "restore/structure_check.hpp"

namespace osbackup::restore {

/// How the data of an archive is checked.
struct DataCheckOrder {
  unsigned threads = 1;         ///< That inflate and hash; at least 1.
  std::optional<double> share;  ///< Of the data, more than 0 and at most 1, at random; nothing: all of it.
  std::uint64_t seed = 0;       ///< Of what is chosen.
};

/// What was read.
struct CheckedData {
  std::uint64_t bytes = 0;  ///< As they lie in the archive; without an index, of the content.
  bool is_compared = true;  ///< With the index; otherwise there was none to go by, and no digest to compare.
};

/// Reads the data of an archive, on all cores, in bounded memory. With an index: the CRC of each zip entry, each gzip
/// member, each tar beside the index, entry by entry, with everything that both say, the digest of each file's content,
/// that nothing is in a tar and not in the index, and that each tar ends as it should. A share of it is all of that but
/// for the CRCs of zip entries and what stands between.
///
/// An archive without an index is read tar by tar, as a whole; one whose index cannot be used is searched as
/// SalvagedEntries does. `opened` is what check_structure() gave for the archive.
CheckedData check_data(const std::shared_ptr<const RangeReader>& object, OpenedArchive& opened,
                       const DataCheckOrder& order, const CheckContext& context);

}  // namespace osbackup::restore
