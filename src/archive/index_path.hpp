#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osbackup::archive {

/// The order of the paths in an index; the root, `.`, comes first (docs/format.md, "Order").
bool comes_before(std::string_view left, std::string_view right) noexcept;

/// Whether a path of an index is this directory of it, or lies below it; everything lies below the root, `.`.
bool lies_in(std::string_view path, std::string_view directory) noexcept;

/// Whether bytes are a path as an index has it: `.`, or components that are not empty, `.` or `..`, with a slash
/// between them, without NUL.
bool is_index_path(std::string_view path) noexcept;

/// A path as people and programs write it, as an index has it: `/etc//ssh/` and `./etc/ssh` are `etc/ssh`, `/` is `.`.
/// Nothing when it is empty, or has a component `..` or NUL in it.
std::optional<std::string> to_index_path(std::string_view text);

}  // namespace osbackup::archive
