#include "sql/value.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/error.hpp"

namespace osbackup::sql {

const std::string& Row::text(std::size_t column) const {
  const std::optional<std::string>& value = optional_text(column);
  if (!value) throw Error(ErrorKind::Corrupt, fmt::format("column {} of a result is empty", column + 1));
  return *value;
}

std::int64_t Row::integer(std::size_t column) const {
  const std::string& digits = text(column);
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc{} || end != digits.data() + digits.size())
    throw Error(ErrorKind::Corrupt, fmt::format("column {} of a result is not a whole number", column + 1));
  return value;
}

std::optional<std::int64_t> Row::optional_integer(std::size_t column) const {
  return optional_text(column) ? std::optional(integer(column)) : std::nullopt;
}

}  // namespace osbackup::sql
