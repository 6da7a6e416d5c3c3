#pragma once

#include <string_view>

namespace osbackup {

/// The project's version, `1.2.3`: the one in CMakeLists.txt.
std::string_view version() noexcept;

}  // namespace osbackup
