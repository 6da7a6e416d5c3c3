#include "archive/index_entry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "archive/index_path.hpp"
#include "archive/json_fields.hpp"
#include "archive/tar_number.hpp"

namespace osbackup::archive {
namespace {

constexpr std::uint32_t kIdMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kFileBytesMax = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kTarRecordBytes = 512;

constexpr std::array<std::pair<std::string_view, EntryType>, 7> kTypes = {{
    {"file", EntryType::File},
    {"dir", EntryType::Directory},
    {"symlink", EntryType::Symlink},
    {"hardlink", EntryType::Hardlink},
    {"fifo", EntryType::Fifo},
    {"char", EntryType::CharacterDevice},
    {"block", EntryType::BlockDevice},
}};

/// The number that a text of decimal digits is, without needless zeros; nothing when it is anything else.
template <class Number>
std::optional<Number> parse_decimal(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, number);
  const bool is_canonical = text == "0" || (!text.empty() && text.front() >= '1' && text.front() <= '9');
  return problem == std::errc{} && stop == end && is_canonical ? std::optional(number) : std::nullopt;
}

EntryType read_type(const JsonFields& fields) {
  const std::string name = fields.text("type");
  const auto* const found = std::find_if(kTypes.begin(), kTypes.end(), [&](auto& type) { return type.first == name; });
  if (found == kTypes.end()) throw_not("type", "one that is known");
  return found->second;
}

std::uint32_t read_mode(const JsonFields& fields) {
  const std::string digits = fields.text("mode");
  std::uint32_t mode = 0;
  const auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), mode, 8);
  if (digits.size() != 4 || problem != std::errc{} || stop != digits.data() + digits.size())
    throw_not("mode", "4 octal digits");
  return mode;
}

timespec read_time(const JsonFields& fields, std::string_view key) {
  constexpr std::size_t kDecimals = 9;
  const std::string text = fields.text(key);
  const std::size_t point = text.find('.');
  const std::string_view magnitude = std::string_view(text).substr(text.starts_with('-') ? 1 : 0);
  const bool has_form = point != std::string::npos && text.size() - point - 1 == kDecimals &&
                        (magnitude.starts_with("0.") || !magnitude.starts_with('0')) && text != "-0.000000000";
  const std::optional<timespec> time = decimal_time(text);
  if (!has_form || !time) throw_not(key, "seconds with 9 decimals");
  return *time;
}

std::string read_path(const JsonFields& fields, std::string_view key) {
  std::string path = fields.bytes(key);
  if (!is_index_path(path)) throw_not(key, "a relative path without empty components, \".\" and \"..\"");
  return path;
}

void read_device(const JsonFields& fields, Entry& entry) {
  const std::string text = fields.text("rdev");
  const std::string_view numbers = text;
  const std::size_t colon = numbers.find(':');
  const auto major = parse_decimal<std::uint32_t>(numbers.substr(0, colon));
  const auto minor = parse_decimal<std::uint32_t>(colon == std::string_view::npos ? "" : numbers.substr(colon + 1));
  if (!major || !minor) throw_not("rdev", "two numbers with a colon between them");
  entry.device_major = *major;
  entry.device_minor = *minor;
}

/// What an entry has because of its type, and only then.
void read_what_the_type_has(const JsonFields& fields, IndexEntry& line) {
  Entry& entry = line.entry;
  const bool is_file = entry.type == EntryType::File;
  const bool is_hard_link = entry.type == EntryType::Hardlink;
  const bool is_device = entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice;
  if (is_file || is_hard_link)
    entry.size = fields.number("size", kFileBytesMax);
  else
    fields.expect_absent("size");
  if (is_hard_link)
    entry.target = read_path(fields, "target");
  else if (entry.type == EntryType::Symlink)
    entry.target = fields.bytes("target");
  else
    fields.expect_absent("target");
  if (is_hard_link && entry.target == entry.path) throw_not("target", "another path: a hard link to itself");
  if (is_device)
    read_device(fields, entry);
  else
    fields.expect_absent("rdev");
  // A hard link repeats the digest of what it links to, which has none if it is a device or the like.
  if (is_file)
    line.digest = fields.digest("sha256");
  else if (is_hard_link)
    line.digest = fields.optional_digest("sha256");
  else
    fields.expect_absent("sha256");
  if (!is_file)
    for (const std::string_view key : {"holes", "changed"}) fields.expect_absent(key);
  line.has_holes = fields.flag("holes");
  line.changed = fields.flag("changed");
}

Placement read_placement(const JsonFields& fields) {
  const Placement placement{.directory = fields.number("dir"),
                            .member = fields.number("member"),
                            .skip = fields.number("skip", kMemberContentMax - kTarRecordBytes),
                            .span = fields.number("span")};
  if (placement.skip % kTarRecordBytes != 0) throw_not("skip", "a multiple of 512");
  return placement;
}

}  // namespace

IndexEntry parse_index_line(std::string_view line) {
  const json::Object object = parse_object(line);
  const JsonFields fields(object);
  IndexEntry result;
  Entry& entry = result.entry;
  entry.path = read_path(fields, "path");
  entry.type = read_type(fields);
  entry.mode = read_mode(fields);
  entry.uid = static_cast<std::uint32_t>(fields.number("uid", kIdMax));
  entry.gid = static_cast<std::uint32_t>(fields.number("gid", kIdMax));
  entry.user = fields.optional_bytes("user").value_or("");
  entry.group = fields.optional_bytes("group").value_or("");
  entry.mtime = read_time(fields, "mtime");
  entry.ctime = read_time(fields, "ctime");
  entry.device = fields.number("dev");
  entry.inode = fields.number("inode");
  entry.links = fields.number("nlink");
  entry.flags = fields.optional_text("flags").value_or("");
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (!std::all_of(entry.flags.begin(), entry.flags.end(), is_letter)) throw_not("flags", "letters");
  result.attributes_digest = fields.optional_digest("xattrs_sha256");
  read_what_the_type_has(fields, result);
  result.placement = read_placement(fields);
  return result;
}

std::string index_line(const IndexEntry& entry) {
  std::string line = index_line_head(entry.entry, entry.attributes_digest, entry.has_holes);
  complete_index_line(line, entry.digest, entry.changed, entry.placement);
  return line;
}

}  // namespace osbackup::archive
