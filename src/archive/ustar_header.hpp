#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace osbackup::archive {

/// A header record of the ustar format (POSIX.1-2017, pax, "ustar Interchange Format"), byte for byte. Made of zeros,
/// it still needs its type, its magic and its checksum: see seal().
struct UstarHeader {
  std::array<char, 100> name;
  std::array<char, 8> mode;
  std::array<char, 8> uid;
  std::array<char, 8> gid;
  std::array<char, 12> size;
  std::array<char, 12> mtime;
  std::array<char, 8> checksum;
  char type;
  std::array<char, 100> linkname;
  std::array<char, 6> magic;
  std::array<char, 2> version;
  std::array<char, 32> uname;
  std::array<char, 32> gname;
  std::array<char, 8> device_major;
  std::array<char, 8> device_minor;
  std::array<char, 155> prefix;
  std::array<char, 12> unused;

  /// Fills in what follows from the rest: magic, version and checksum.
  void seal() noexcept;
};

/// The largest number that an octal field of so many bytes holds; its last byte is a NUL.
template <std::size_t Bytes>
constexpr std::uint64_t octal_max(const std::array<char, Bytes>& /*field*/) noexcept {
  return (std::uint64_t{1} << 3U * (Bytes - 1)) - 1;
}

/// Writes a number with leading zeros; one too large becomes the largest that fits. Gives whether it fitted.
template <std::size_t Bytes>
bool put_octal(std::array<char, Bytes>& field, std::uint64_t number) noexcept {
  const bool fits = number <= octal_max(field);
  if (!fits) number = octal_max(field);
  field[Bytes - 1] = '\0';
  for (std::size_t digit = Bytes - 1; digit > 0; --digit, number >>= 3U)
    field[digit - 1] = static_cast<char>('0' + (number & 7U));
  return fits;
}

/// Writes text into a field of zeros that it may fill to its last byte, and cuts what is longer. Gives whether it
/// fitted.
template <std::size_t Bytes>
bool put_text(std::array<char, Bytes>& field, std::string_view text) noexcept {
  const bool fits = text.size() <= Bytes;
  text.copy(field.data(), Bytes);
  return fits;
}

/// Writes text into a field of zeros that must end in a NUL, and cuts what is longer. Gives whether it fitted.
template <std::size_t Bytes>
bool put_terminated(std::array<char, Bytes>& field, std::string_view text) noexcept {
  const bool fits = text.size() < Bytes;
  text.copy(field.data(), Bytes - 1);
  return fits;
}

/// Writes a path into the name alone, or split at a slash into prefix and name. A path that fits neither way is cut
/// into the name. Gives whether it fitted. A directory's path gets a slash at its end, which `path` does not have.
bool put_path(UstarHeader& header, std::string_view path, bool is_directory) noexcept;

}  // namespace osbackup::archive
