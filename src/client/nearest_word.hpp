#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osbackup::client {

/// The known word that somebody may have meant who wrote another one: of which at most 2 letters, and less than half of
/// what was written, have to be changed, added or left out. Nothing when there is none.
std::optional<std::string> nearest_word(std::string_view written, const std::vector<std::string>& known);

}  // namespace osbackup::client
