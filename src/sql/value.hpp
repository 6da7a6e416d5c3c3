#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace osbackup::sql {

/// One value bound to a `?` of a statement: NULL, a whole number or text. Immutable.
class Value {
 public:
  Value(std::nullopt_t) {}                                                        // NOLINT: converts on purpose.
  Value(std::integral auto number) : held_(static_cast<std::int64_t>(number)) {}  // NOLINT
  Value(std::string text) : held_(std::move(text)) {}                             // NOLINT
  Value(std::string_view text) : held_(std::string(text)) {}                      // NOLINT
  Value(const char* text) : held_(std::string(text)) {}                           // NOLINT
  template <class T>
  Value(const std::optional<T>& value) : Value(value ? Value(*value) : Value(std::nullopt)) {}  // NOLINT

  bool is_null() const noexcept { return std::holds_alternative<std::monostate>(held_); }
  const std::int64_t* number() const noexcept { return std::get_if<std::int64_t>(&held_); }
  const std::string* text() const noexcept { return std::get_if<std::string>(&held_); }

 private:
  std::variant<std::monostate, std::int64_t, std::string> held_;
};

using Values = std::vector<Value>;

/// One row of a result. Columns are counted from 0, in the order of the SELECT. Immutable.
class Row {
 public:
  explicit Row(std::vector<std::optional<std::string>> columns) : columns_(std::move(columns)) {}

  /// The column's text or number. Corrupt when it is NULL, or is no whole number of 64 bits.
  const std::string& text(std::size_t column) const;
  std::int64_t integer(std::size_t column) const;

  /// The same; nothing when the column is NULL.
  const std::optional<std::string>& optional_text(std::size_t column) const { return columns_.at(column); }
  std::optional<std::int64_t> optional_integer(std::size_t column) const;

 private:
  std::vector<std::optional<std::string>> columns_;
};

}  // namespace osbackup::sql
