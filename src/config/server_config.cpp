#include "config/server_config.hpp"

#include <fmt/format.h>

#include <set>

#include "config/private_file.hpp"
#include "config/section.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/ip_address.hpp"

namespace osbackup::config {
namespace {

/// Keys of a server that nobody named: rather than a database in a file that nobody asked for.
void refuse_keys_without_host(const IniDocument& document) {
  const std::set<std::string_view> server_keys = {"port", "user", "password", "dbname"};
  const IniSection* keys = document.find("DB");
  if (keys == nullptr) return;
  for (const IniValue& value : keys->values)
    if (server_keys.contains(value.key))
      throw Error(ErrorKind::Usage,
                  fmt::format("{}: [DB] {} is of a MariaDB server: name its host, or remove the line, "
                              "and the database is the SQLite file under path",
                              value.where(), value.key));
}

MariaDbSettings read_mariadb(Section& section) {
  MariaDbSettings settings;
  settings.host = section.host("host");
  settings.port = section.port("port", settings.port);
  section.require("user");
  settings.user = section.text("user", "");
  section.require("password");
  settings.password = section.secret("password");
  settings.dbname = section.text("dbname", settings.dbname);
  return settings;
}

DatabaseSettings read_database(const IniDocument& document) {
  Section section(document, "DB");
  DatabaseSettings settings;
  if (section.find("host") != nullptr) {
    settings.mariadb = read_mariadb(section);
  } else {
    refuse_keys_without_host(document);
    settings.path = section.absolute_path("path", settings.path);
  }
  settings.pool = section.number("pool", settings.pool, {.least = 1, .most = 256});
  section.reject_unknown_keys();
  return settings;
}

ListenSettings read_listen(Section section) {
  ListenSettings settings;
  settings.listen = section.text("listen", settings.listen);
  if (!is_ip_address(settings.listen)) reject(*section.find("listen"), "an IPv4 or IPv6 address");
  // Port 0: the system chooses a free one, and the log tells it.
  settings.port = static_cast<std::uint16_t>(section.number("port", settings.port, {.least = 0, .most = 65535}));
  settings.threads = section.number("threads", settings.threads, {.least = 1, .most = 1024});
  settings.max_body_bytes = section.number("max_body", settings.max_body_bytes, {.least = 1024, .most = 16U << 20U});
  settings.max_connections =
      section.number("max_connections", settings.max_connections, {.least = 1, .most = 1'000'000});
  settings.request_timeout = section.duration("request_timeout", settings.request_timeout);
  settings.trusted_proxies = section.list("trusted_proxies");
  for (const std::string& proxy : settings.trusted_proxies)
    if (!is_ip_address(proxy)) reject(*section.find("trusted_proxies"), "IPv4 or IPv6 addresses separated by commas");
  section.reject_unknown_keys();
  return settings;
}

QueueSettings read_queue(Section section) {
  QueueSettings settings;
  settings.path = section.absolute_path("path", settings.path);
  settings.limit = section.number("limit", settings.limit, {.least = 1, .most = 1'000'000'000});
  section.reject_unknown_keys();
  return settings;
}

ServerLogSettings read_log(Section section) {
  const std::vector<std::string> levels = {"info", "error", "warning", "debug"};
  ServerLogSettings settings;
  settings.level = levels[section.choice("level", levels)];
  settings.file = section.absolute_path("file", settings.file);
  section.reject_unknown_keys();
  return settings;
}

}  // namespace

ServerConfig load_server_config(const std::filesystem::path& file) {
  const IniDocument document(read_private_file(file), printable(file.native()));
  reject_unknown_sections(document, {"DB", "Server", "Queue", "Log"});
  return {.database = read_database(document),
          .server = read_listen(Section(document, "Server")),
          .queue = read_queue(Section(document, "Queue")),
          .log = read_log(Section(document, "Log"))};
}

ServerConfig default_server_config() { return {}; }

}  // namespace osbackup::config
