#include "client/diff_text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "client/console.hpp"
#include "client/shown_path.hpp"

namespace osbackup::client {

using restore::Change;
using restore::DiffCounts;

std::string change_text(const Change& change, bool with_fields) {
  const std::string& path = change.entry.path;
  std::string text = fmt::format("{}  {}", letter_of(change.kind), shown_path(path_from_root(path)));
  if (!with_fields || change.fields.empty()) return text;
  std::string_view separator = "  (";
  for (const restore::ChangedField field : change.fields) {
    text.append(separator).append(name_of(field));
    separator = ", ";
  }
  return text + ")";
}

std::string change_json(const Change& change) {
  json::Object object{{"message_type", "change"}, {"change", std::string(1, letter_of(change.kind))}};
  put_path(object, "path", change.entry.path);
  object["type"] = name_of(change.entry.type);
  json::Array fields;
  for (const restore::ChangedField field : change.fields) fields.emplace_back(name_of(field));
  object["fields"] = std::move(fields);
  return json::serialize(std::move(object));
}

std::string counts_text(const DiffCounts& counts) {
  std::string text;
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(counts.added, "added");
  add(counts.removed, "removed");
  add(counts.content, "changed");
  add(counts.metadata, "with other metadata");
  add(counts.type, "of another type");
  if (counts.changes() == 0) text = "no differences";
  add(counts.passed_over, "passed over");
  add(counts.unread, "not read");
  return text;
}

json::Object counts_json(const DiffCounts& counts) {
  return {{"added", counts.added},
          {"removed", counts.removed},
          {"changed", counts.content},
          {"metadata_changed", counts.metadata},
          {"type_changed", counts.type},
          {"unchanged", counts.unchanged},
          {"passed_over", counts.passed_over},
          {"not_read", counts.unread}};
}

}  // namespace osbackup::client
