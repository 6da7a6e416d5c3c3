#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string_view>

namespace osbackup::archive {

/// A number of a tar header's field: octal digits that blanks may surround, or GNU's base-256, whose first byte has its
/// highest bit set and the sign in the next (GNU tar manual, "Extensions"). An empty field is 0. Nothing for anything
/// else, and for what 64 bits do not hold.
std::optional<std::int64_t> tar_number(std::string_view field) noexcept;

/// A decimal number of a pax record or a sparse map, without a sign.
std::optional<std::uint64_t> decimal_number(std::string_view digits) noexcept;

/// Decimal seconds since 1970, with a sign and a fraction if they have them, as append_pax_time() writes them. Digits
/// beyond nanoseconds are left out.
std::optional<timespec> decimal_time(std::string_view text) noexcept;

}  // namespace osbackup::archive
