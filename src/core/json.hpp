#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "core/error.hpp"

/// Boost.JSON for the whole project: the names that we use, and one way to parse and to print.
namespace osbackup::json {

using Array = boost::json::array;
using Object = boost::json::object;
using Value = boost::json::value;

/// Reads one JSON value (RFC 8259), at most 32 levels deep. Corrupt when the text is anything else; the message names
/// the place and holds nothing of the text.
Value parse(std::string_view text);

/// The value as JSON on one line. Strings in it must be UTF-8.
std::string serialize(const Value& value);

}  // namespace osbackup::json
