#include "client/object_text.hpp"

#include <fmt/format.h>

#include <ctime>

#include "client/console.hpp"
#include "client/shown_path.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"

namespace osbackup::client {
namespace {

using archive::Entry;
using archive::EntryType;

char letter_of(EntryType type) {
  switch (type) {
    case EntryType::File:
    case EntryType::Hardlink:
      return '-';
    case EntryType::Directory:
      return 'd';
    case EntryType::Symlink:
      return 'l';
    case EntryType::Fifo:
      return 'p';
    case EntryType::CharacterDevice:
      return 'c';
    case EntryType::BlockDevice:
      return 'b';
  }
  return '?';
}

/// `rwxr-sr-t`
std::string mode_text(std::uint32_t mode) {
  std::string text = "rwxrwxrwx";
  for (std::size_t bit = 0; bit < text.size(); ++bit)
    if ((mode & (0400U >> bit)) == 0) text[bit] = '-';
  const auto mark = [&](std::size_t at, std::uint32_t bit, char letter) {
    if ((mode & bit) != 0) text[at] = text[at] == 'x' ? letter : static_cast<char>(letter - 'a' + 'A');
  };
  mark(2, 04000, 's');
  mark(5, 02000, 's');
  mark(8, 01000, 't');
  return text;
}

/// `2026-03-01 02:15`; the seconds since 1970 where no calendar goes.
std::string time_text(const timespec& time) {
  std::tm fields{};
  if (localtime_r(&time.tv_sec, &fields) == nullptr) return std::to_string(time.tv_sec);
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}", 1900 + std::int64_t{fields.tm_year}, fields.tm_mon + 1,
                     fields.tm_mday, fields.tm_hour, fields.tm_min);
}

std::string owner_text(const std::string& name, std::uint32_t id) {
  return name.empty() ? std::to_string(id) : printable(name);
}

std::string size_text(const Entry& entry) {
  const bool is_device = entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice;
  return is_device ? fmt::format("{}, {}", entry.device_major, entry.device_minor) : std::to_string(entry.size);
}

std::string absolute(const std::string& path) { return shown_path(path_from_root(path)); }

const char* name_of(restore::ObjectAction action) {
  switch (action) {
    case restore::ObjectAction::New:
      return "new";
    case restore::ObjectAction::Replaced:
      return "replaced";
    case restore::ObjectAction::Updated:
      return "updated";
    case restore::ObjectAction::Unchanged:
      return "unchanged";
    case restore::ObjectAction::Kept:
      return "kept";
    case restore::ObjectAction::Partial:
      return "partial";
  }
  return "";
}

}  // namespace

std::string object_path(const Entry& entry, const ObjectOrigin& origin) {
  return origin.archive.empty() ? absolute(entry.path) : fmt::format("{}:{}", origin.archive, absolute(entry.path));
}

std::string object_details(const Entry& entry, const ObjectOrigin& origin) {
  std::string text = fmt::format("{}{} {:>2} {:<8} {:<8} {:>10} {} {}", letter_of(entry.type), mode_text(entry.mode),
                                 entry.links, owner_text(entry.user, entry.uid), owner_text(entry.group, entry.gid),
                                 size_text(entry), time_text(entry.mtime), object_path(entry, origin));
  if (entry.type == EntryType::Symlink) text += " -> " + shown_path(entry.target);
  if (entry.type == EntryType::Hardlink) text += " link to " + absolute(entry.target);
  return text;
}

std::string object_json(const archive::IndexEntry& line, const ObjectOrigin& origin) {
  const bool has_holes = line.has_holes || line.entry.sparse;
  std::string keys = archive::index_line_head(line.entry, line.attributes_digest, has_holes);
  if (origin.has_index) {
    archive::complete_index_line(keys, line.digest, line.changed, line.placement);
    keys.pop_back();  // Its newline.
  } else {
    json::Value known = json::parse(keys + "}");
    for (const char* key : {"ctime", "dev", "inode", "nlink"}) known.as_object().erase(key);
    keys = json::serialize(known);
  }
  std::string begin = fmt::format(R"({{"message_type":"{}",)", origin.message_type);
  // An archive's name has nothing that JSON would escape.
  if (!origin.archive.empty()) begin += fmt::format(R"("archive":"{}",)", origin.archive);
  return begin + keys.substr(1);
}

std::string done_line(const restore::DoneObject& done, const std::string& path) {
  return fmt::format("{:<9}  {}", name_of(done.action), absolute(path));
}

std::string done_json(const restore::DoneObject& done, const std::string& path) {
  json::Object object{
      {"message_type", "object"}, {"action", name_of(done.action)}, {"type", std::string(archive::name_of(done.type))}};
  put_path(object, "path", path_from_root(path));
  return json::serialize(std::move(object));
}

}  // namespace osbackup::client
