#include "archive/warning_entry.hpp"

#include "archive/index_path.hpp"
#include "archive/json_fields.hpp"

namespace osbackup::archive {

WarningEntry parse_warning_line(std::string_view line) {
  const json::Object object = parse_object(line);
  const JsonFields fields(object);
  WarningEntry warning{.path = fields.bytes("path"), .reason = fields.bytes("reason")};
  if (!is_index_path(warning.path)) throw_not("path", "a path of an index");
  return warning;
}

}  // namespace osbackup::archive
