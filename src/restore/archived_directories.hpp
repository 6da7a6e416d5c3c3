#pragma once

#include <string>
#include <vector>

#include "archive/archive_reader.hpp"

namespace osbackup::restore {

/// Which directories an archive is of, as absolute paths: those of its manifest; without one, those that the names of
/// its tars stand for.
std::vector<std::string> archived_directories(const archive::ArchiveReader& archive);

}  // namespace osbackup::restore
