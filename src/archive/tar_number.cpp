#include "archive/tar_number.hpp"

#include <charconv>
#include <limits>
#include <system_error>

namespace osbackup::archive {
namespace {

constexpr long kNanosecondsPerSecond = 1'000'000'000;

std::optional<std::int64_t> base_256(std::string_view field) noexcept {
  // The bits behind the first are a number in two's complement, which begins with as many copies of its sign as needed.
  const auto first = static_cast<unsigned char>(field.front());
  const bool is_negative = (first & 0x40U) != 0;
  std::int64_t value = is_negative ? -1 : 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    auto byte = static_cast<unsigned char>(field[i]);
    if (i == 0 && !is_negative) byte &= 0x7FU;
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max() / 256;
    if (value > kMax || value < -kMax - 1) return std::nullopt;
    value = value * 256 + byte;
  }
  return value;
}

template <class Number>
std::optional<Number> whole_number(std::string_view digits, int base) noexcept {
  if (digits.empty() || digits.front() == '-') return std::nullopt;
  Number value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

/// The nanoseconds of the digits behind a decimal point.
std::optional<long> fraction(std::string_view digits) noexcept {
  long nanoseconds = 0;
  long digit_value = kNanosecondsPerSecond / 10;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    nanoseconds += (digit - '0') * digit_value;
    digit_value /= 10;
  }
  return nanoseconds;
}

}  // namespace

std::optional<std::int64_t> tar_number(std::string_view field) noexcept {
  if (!field.empty() && (static_cast<unsigned char>(field.front()) & 0x80U) != 0) return base_256(field);
  const std::size_t begin = field.find_first_not_of(' ');
  if (begin == std::string_view::npos) return 0;
  field.remove_prefix(begin);
  field = field.substr(0, field.find_first_of(std::string_view(" \0", 2)));
  if (field.empty()) return 0;
  return whole_number<std::int64_t>(field, 8);
}

std::optional<std::uint64_t> decimal_number(std::string_view digits) noexcept {
  return whole_number<std::uint64_t>(digits, 10);
}

std::optional<timespec> decimal_time(std::string_view text) noexcept {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const auto seconds = whole_number<std::uint64_t>(text.substr(0, point), 10);
  const auto nanoseconds = fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
  if (!seconds || !nanoseconds) return std::nullopt;
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  // The fraction of a timespec counts up from its seconds: -1.5 has -2 of them.
  const bool has_earlier_second = is_negative && *nanoseconds > 0;
  if (*seconds > (is_negative && !has_earlier_second ? kLargest + 1 : kLargest)) return std::nullopt;
  if (!is_negative) return timespec{.tv_sec = static_cast<std::int64_t>(*seconds), .tv_nsec = *nanoseconds};
  return timespec{.tv_sec = static_cast<std::int64_t>(std::uint64_t{0} - *seconds - (has_earlier_second ? 1 : 0)),
                  .tv_nsec = has_earlier_second ? kNanosecondsPerSecond - *nanoseconds : 0};
}

}  // namespace osbackup::archive
