#include "core/json.hpp"

#include <fmt/format.h>

// The library's implementation, compiled once, here.
#include <boost/json/src.hpp>

namespace osbackup::json {

Value parse(std::string_view text) {
  boost::json::stream_parser parser;
  boost::json::error_code code;
  const std::size_t consumed = parser.write(text.data(), text.size(), code);
  if (!code) parser.finish(code);
  if (code) throw Error(ErrorKind::Corrupt, fmt::format("not JSON at byte {}: {}", consumed, code.message()));
  return parser.release();
}

std::string serialize(const Value& value) { return boost::json::serialize(value); }

}  // namespace osbackup::json
