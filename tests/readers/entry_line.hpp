#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "archive/entry.hpp"
#include "crypto/digest.hpp"

/// The lines of tests/support/file_lines.py, for entries.
namespace osbackup::archive {

/// Of the attributes in a tar the special ones, ACLs and SELinux labels, have no name of their own.
enum class Special { Shown, LeftOut };

inline std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += "0123456789abcdef"[static_cast<unsigned char>(byte) >> 4U];
    text += "0123456789abcdef"[static_cast<unsigned char>(byte) & 15U];
  }
  return text;
}

inline std::string seconds(const timespec& time) {
  const std::int64_t nanoseconds = time.tv_sec * 1'000'000'000 + time.tv_nsec;
  const std::uint64_t size = static_cast<std::uint64_t>(nanoseconds < 0 ? -nanoseconds : nanoseconds);
  const std::string fraction = std::to_string(size % 1'000'000'000);
  return (nanoseconds < 0 ? "-" : "") + std::to_string(size / 1'000'000'000) + '.' +
         std::string(9 - fraction.size(), '0') + fraction;
}

inline std::string attributes_text(const Entry& entry, Special special) {
  std::string text;
  for (const Attribute& attribute : entry.attributes) {
    const bool is_special = attribute.name.starts_with("system.") || attribute.name == "security.selinux";
    if (special == Special::Shown || !is_special)
      text += (text.empty() ? "" : ",") + attribute.name + '=' + hex(attribute.value);
  }
  return text.empty() ? "-" : text;
}

/// The line for an entry with its content, holes and all.
inline std::string line_of(const Entry& entry, const std::string& content, Special special = Special::Shown) {
  const bool is_device = entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice;
  std::ostringstream line;
  line << hex(entry.path) << ' ' << "fdlhpcb"[static_cast<int>(entry.type)] << ' ' << std::oct;
  line.width(4);
  line.fill('0');
  line << entry.mode << std::dec << ' ' << entry.uid << ' ' << entry.gid << ' ' << entry.size << ' '
       << seconds(entry.mtime) << ' ' << (entry.target.empty() ? "-" : hex(entry.target)) << ' '
       << (is_device ? std::to_string(entry.device_major) + ':' + std::to_string(entry.device_minor) : "-") << ' '
       << (entry.type == EntryType::File ? crypto::to_hex(crypto::sha256(std::as_bytes(std::span(content)))) : "-")
       << ' ' << attributes_text(entry, special);
  return line.str();
}

inline std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace osbackup::archive
