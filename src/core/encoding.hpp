#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace osbackup {

/// Lower-case hexadecimal digits, two a byte.
std::string hex(std::span<const std::byte> bytes);

/// RFC 4648, section 4, with padding.
std::string base64_encode(std::string_view bytes);

/// The bytes of padded base64 (RFC 4648, section 4); nothing when the text is anything else. One text for one value: a
/// last digit with bits beyond the bytes is refused (section 3.5).
std::optional<std::string> base64_decode(std::string_view text);

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes) noexcept;

/// The length of the well-formed UTF-8 sequence that `bytes` begins with; 0 when it begins with none.
std::size_t utf8_sequence_length(std::string_view bytes) noexcept;

/// `%2F` for a byte that `keep` refuses, the byte itself for the others. Hexadecimal digits are upper-case.
template <class Keep>
std::string percent_encode(std::string_view bytes, Keep keep);

/// The same with every byte encoded that is not in `[A-Za-z0-9._-]`: safe in a file name, in a URL and in a query.
std::string percent_encode_strictly(std::string_view bytes);

/// Undoes percent-encoding; nothing when a `%` is not followed by two hexadecimal digits.
std::optional<std::string> percent_decode(std::string_view text);

/// The text on one line for a log or an error message: control bytes and bytes that are not UTF-8 become `\n`, `\xff`,
/// and what is longer than `bytes_max` is cut and ends in "...". Text that was made printable already stays as it is.
std::string printable(std::string_view bytes, std::size_t bytes_max = 4096);

/// `\n` and every other control character of ASCII becomes a space, so that the text is one line; none at its end.
std::string one_line(std::string_view text);

template <class Keep>
std::string percent_encode(std::string_view bytes, Keep keep) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (keep(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
  }
  return out;
}

}  // namespace osbackup
