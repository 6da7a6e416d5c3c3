#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/section.hpp"
#include "core/path_pattern.hpp"

namespace osbackup::config {

/// How many patterns one key may have.
inline constexpr std::size_t kPatternsMax = 1000;

/// The patterns under a key that may stand there several times, each time with one or several between commas. A pattern
/// with a comma stands in double quotes, or has a backslash before the comma. Usage names the line of a bad one.
std::vector<PathPattern> read_patterns(Section& section, const std::string& key);

}  // namespace osbackup::config
