#include "server/connection_options.hpp"

#include <gtest/gtest.h>

namespace osbackup::server {
namespace {

TEST(ConnectionOptionsTest, WithoutAHostTheDatabaseIsAFile) {
  config::DatabaseSettings settings;
  settings.path = "/var/lib/a.db";

  const sql::ConnectionOptions options = connection_options(settings);

  EXPECT_EQ(std::get<sql::SqliteOptions>(options).file, "/var/lib/a.db");
  EXPECT_EQ(sql::name_of(options), "/var/lib/a.db");
}

TEST(ConnectionOptionsTest, WithAHostItIsThere) {
  config::DatabaseSettings settings;
  settings.mariadb = {.host = "::1", .port = 3307, .user = "u", .password = Secret("p"), .dbname = "backups"};

  const sql::ConnectionOptions options = connection_options(settings);

  const auto& mariadb = std::get<sql::MariaDbOptions>(options);
  EXPECT_EQ(mariadb.host, "::1");
  EXPECT_EQ(mariadb.port, 3307);
  EXPECT_EQ(mariadb.user, "u");
  EXPECT_EQ(mariadb.password.reveal(), "p");
  EXPECT_EQ(mariadb.dbname, "backups");
  EXPECT_EQ(sql::name_of(options), "backups at [::1]:3307");
}

}  // namespace
}  // namespace osbackup::server
