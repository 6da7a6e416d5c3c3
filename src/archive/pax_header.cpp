#include "archive/pax_header.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstring>
#include <system_error>

#include "core/error.hpp"

namespace osbackup::archive {
namespace {

constexpr long kNanosecondsPerSecond = 1'000'000'000;
constexpr std::size_t kFractionDigits = 9;
constexpr std::size_t kNumberDigitsMax = 20;  // Of 2^64 - 1.

std::size_t digits_of(std::size_t number) noexcept {
  std::size_t digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

char* put(char* at, std::string_view text) noexcept {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

}  // namespace

std::size_t pax_record_bytes(std::size_t keyword_bytes, std::size_t value_bytes) noexcept {
  const std::size_t rest = keyword_bytes + value_bytes + 3;  // The space, the equals sign, the newline.
  const std::size_t length = rest + digits_of(rest);
  return rest + digits_of(length);
}

void append_pax_record(std::vector<std::byte>& out, std::string_view keyword, std::string_view value) {
  assert(!keyword.empty() && keyword.find('=') == std::string_view::npos);
  const std::size_t length = pax_record_bytes(keyword.size(), value.size());
  const std::size_t begin = out.size();
  out.resize(begin + length);
  char* at = reinterpret_cast<char*>(out.data()) + begin;
  at = std::to_chars(at, at + length, length).ptr;
  *at++ = ' ';
  at = put(at, keyword);
  *at++ = '=';
  at = put(at, value);
  *at = '\n';
}

void append_pax_number(std::vector<std::byte>& out, std::string_view keyword, std::uint64_t value) {
  std::array<char, kNumberDigitsMax> text{};
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  append_pax_record(out, keyword, {text.data(), static_cast<std::size_t>(end - text.data())});
}

void append_pax_time(std::vector<std::byte>& out, std::string_view keyword, const timespec& time) {
  // The sign, the seconds, the point, the fraction.
  std::array<char, 1 + kNumberDigitsMax + 1 + kFractionDigits> text{};
  char* at = text.data();
  long nanoseconds = std::clamp(time.tv_nsec, 0L, kNanosecondsPerSecond - 1);
  auto seconds = static_cast<std::uint64_t>(time.tv_sec);
  if (time.tv_sec < 0) {
    seconds = 0 - seconds;
    if (nanoseconds > 0) {
      --seconds;
      nanoseconds = kNanosecondsPerSecond - nanoseconds;
    }
    *at++ = '-';
  }
  at = std::to_chars(at, at + kNumberDigitsMax, seconds).ptr;
  if (nanoseconds > 0) {
    *at++ = '.';
    for (std::size_t digit = kFractionDigits; digit > 0; --digit, nanoseconds /= 10)
      at[digit - 1] = static_cast<char>('0' + nanoseconds % 10);
    at += kFractionDigits;
  }
  append_pax_record(out, keyword, {text.data(), static_cast<std::size_t>(at - text.data())});
}

void read_pax_records(std::string_view records,
                      const std::function<void(std::string_view keyword, std::string_view value)>& use) {
  while (!records.empty()) {
    std::size_t length = 0;
    const char* const end = records.data() + records.size();
    const auto [stop, error] = std::from_chars(records.data(), end, length);
    const auto begin = static_cast<std::size_t>(stop - records.data()) + 1;
    if (error != std::errc() || stop == end || *stop != ' ' || length <= begin || length > records.size() ||
        records[length - 1] != '\n')
      throw Error(ErrorKind::Corrupt, "a pax header has something else than a record in it");
    const std::string_view record = records.substr(begin, length - 1 - begin);
    const std::size_t equals = record.find('=');
    if (equals == 0 || equals == std::string_view::npos)
      throw Error(ErrorKind::Corrupt, "a pax header has a record without a keyword");
    use(record.substr(0, equals), record.substr(equals + 1));
    records.remove_prefix(length);
  }
}

}  // namespace osbackup::archive
