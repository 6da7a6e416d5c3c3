#include "sql/connection_options.hpp"

#include <fmt/format.h>

namespace osbackup::sql {
namespace {

std::string server_of(const MariaDbOptions& options) {
  const bool six = options.host.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", options.host, options.port) : fmt::format("{}:{}", options.host, options.port);
}

}  // namespace

std::string name_of(const ConnectionOptions& options) {
  if (const auto* sqlite = std::get_if<SqliteOptions>(&options)) return sqlite->file.string();
  const MariaDbOptions& mariadb = std::get<MariaDbOptions>(options);
  return fmt::format("{} at {}", mariadb.dbname, server_of(mariadb));
}

}  // namespace osbackup::sql
