#include "server/connection_options.hpp"

namespace osbackup::server {

sql::ConnectionOptions connection_options(const config::DatabaseSettings& settings) {
  if (!settings.mariadb) return sql::SqliteOptions{.file = settings.path};
  const config::MariaDbSettings& mariadb = *settings.mariadb;
  return sql::MariaDbOptions{.host = mariadb.host,
                             .port = mariadb.port,
                             .user = mariadb.user,
                             .password = mariadb.password,
                             .dbname = mariadb.dbname};
}

}  // namespace osbackup::server
