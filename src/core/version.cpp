#include "core/version.hpp"

namespace osbackup {

std::string_view version() noexcept { return OSBACKUP_VERSION; }

}  // namespace osbackup
