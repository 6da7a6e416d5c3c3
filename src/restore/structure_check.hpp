#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "archive/archive_reader.hpp"
#include "core/range_reader.hpp"
#include "restore/finding.hpp"
#include "restore/restore_progress.hpp"

namespace osbackup::restore {

/// Who is told of a check, and who may end it, with Cancelled.
struct CheckContext {
  FindingLog& findings;
  RestoreProgress& progress;
  std::stop_token stop;
  std::function<void(const std::string&)> on_note = {};  ///< Gets what is worth knowing and no damage.
};

/// Throws Cancelled when the check was stopped.
void throw_if_stopped(const CheckContext& context);

/// What could be opened of an archive.
struct OpenedArchive {
  std::optional<archive::ZipDirectory> zip;
  std::optional<archive::ArchiveReader> reader;  ///< Only when the zip and the manifest are good.
};

/// Checks that an archive's parts are there and agree, without reading the directories: the zip's end and central
/// directory, the manifest, each local header and descriptor, the CRCs of all entries in `osbackup/`, the three lists
/// against their digests, and every line of them, each by itself and all together (docs/format.md).
///
/// Behind what it finds it goes on as far as sense can be made of the rest. Usage when a newer osbackup made the
/// archive. Its memory does not grow with the archive.
OpenedArchive check_structure(std::shared_ptr<const RangeReader> object, const CheckContext& context);

}  // namespace osbackup::restore
