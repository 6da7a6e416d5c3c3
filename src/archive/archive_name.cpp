#include "archive/archive_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "core/encoding.hpp"
#include "core/time_format.hpp"

namespace osbackup::archive {
namespace {

constexpr std::string_view kSuffix = ".zip";

/// A part of the name, decoded; nothing when it is empty or was not encoded by us.
std::optional<std::string> decode_part(std::string_view part) {
  std::optional<std::string> decoded = percent_decode(part);
  if (!decoded || decoded->empty() || percent_encode_strictly(*decoded) != part) return std::nullopt;
  return decoded;
}

}  // namespace

std::string ArchiveName::text() const {
  return fmt::format("{}+{}+{}{}", percent_encode_strictly(hostname), percent_encode_strictly(ip), compact_utc(started),
                     kSuffix);
}

ArchiveName ArchiveName::next() const {
  return {.hostname = hostname, .ip = ip, .started = started + std::chrono::seconds(1)};
}

std::optional<ArchiveName> ArchiveName::parse(std::string_view text) {
  if (!text.ends_with(kSuffix)) return std::nullopt;
  text.remove_suffix(kSuffix.size());
  const std::size_t first = text.find('+');
  const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  auto hostname = decode_part(text.substr(0, first));
  auto ip = decode_part(text.substr(first + 1, second - first - 1));
  const std::optional<TimePoint> started = parse_compact_utc(text.substr(second + 1));
  if (!hostname || !ip || !started) return std::nullopt;
  return ArchiveName{.hostname = std::move(*hostname), .ip = std::move(*ip), .started = *started};
}

std::string temporary_name(const ArchiveName& name, std::string_view run_id) {
  return fmt::format("{}.{}.part", name.text(), run_id.substr(0, 8));
}

std::string entry_name(std::string_view directory) {
  assert(directory.starts_with('/'));
  if (directory == "/") return "%2F.tar.gz";
  std::string_view rest = directory.substr(1);
  std::string name;
  while (!rest.empty()) {
    const std::size_t length = utf8_sequence_length(rest);
    const std::string_view sequence = rest.substr(0, std::max<std::size_t>(length, 1));
    const bool control = static_cast<unsigned char>(rest[0]) < 0x20 || rest[0] == 0x7F;
    const bool keep = length > 0 && !control && rest[0] != '%';
    name += percent_encode(sequence, [&](char) { return keep; });
    rest.remove_prefix(sequence.size());
  }
  return name + ".tar.gz";
}

}  // namespace osbackup::archive
