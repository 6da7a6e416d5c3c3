#include "config/server_config.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "core/error.hpp"
#include "support/project_file.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::config {
namespace {

using namespace std::chrono_literals;

class ServerConfigTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "osbackupd.conf";

  ServerConfig load(const std::string& text) const {
    std::ofstream(file_) << text;
    chmod(file_.c_str(), 0600);
    return load_server_config(file_);
  }
  /// The message without the file's name that it begins with.
  std::string problem_of(const std::string& text) const {
    try {
      load(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      const std::string message = error.what();
      EXPECT_THAT(message, testing::StartsWith(file_.string() + ":"));
      return message.substr(file_.string().size() + 1);
    }
    return "none";
  }
};

void expect_documented_defaults(const ServerConfig& config) {
  EXPECT_FALSE(config.database.mariadb);
  EXPECT_EQ(config.database.path.native(), "/var/lib/osbackupd/os_backup.db");
  EXPECT_EQ(config.database.pool, 4U);
  EXPECT_EQ(config.server.listen, "0.0.0.0");
  EXPECT_EQ(config.server.port, 80);
  EXPECT_EQ(config.server.threads, 2U);
  EXPECT_EQ(config.server.max_body_bytes, 65536U);
  EXPECT_EQ(config.server.max_connections, 10'000U);
  EXPECT_EQ(config.server.request_timeout, 15s);
  EXPECT_EQ(config.queue.path.native(), "/var/lib/osbackupd/queue");
  EXPECT_EQ(config.queue.limit, 1'000'000U);
  EXPECT_EQ(config.log.level, "info");
}

TEST_F(ServerConfigTest, HasTheDocumentedDefaults) {
  for (const ServerConfig& config : {load(""), default_server_config()}) {
    expect_documented_defaults(config);
    EXPECT_THAT(config.server.trusted_proxies, testing::IsEmpty());
    EXPECT_TRUE(config.log.file.empty());
  }
}

TEST_F(ServerConfigTest, IsTheDocumentsExample) {
  const ServerConfig config = load(test::example_in("docs/configuration.md", "osbackupd.conf"));
  expect_documented_defaults(config);
  EXPECT_THAT(config.server.trusted_proxies, testing::ElementsAre("192.0.2.1", "2001:db8::1"));
  EXPECT_EQ(config.log.file.native(), "/var/log/osbackupd.log");
}

TEST_F(ServerConfigTest, TakesPortZeroForAFreeOne) { EXPECT_EQ(load("[Server]\nport = 0").server.port, 0); }

TEST_F(ServerConfigTest, RefusesValuesThatDoNotFit) {
  EXPECT_EQ(problem_of("[Server]\nlisten = localhost"), "2: listen = localhost: expected an IPv4 or IPv6 address");
  EXPECT_EQ(problem_of("[Server]\nport = 65536"), "2: port = 65536: expected a whole number from 0 to 65535");
  EXPECT_EQ(problem_of("[Server]\nthreads = 0"), "2: threads = 0: expected a whole number from 1 to 1024");
  EXPECT_EQ(problem_of("[Server]\nmax_body = 1023"),
            "2: max_body = 1023: expected a whole number from 1024 to 16777216");
  EXPECT_EQ(problem_of("[Server]\nmax_connections = 0"),
            "2: max_connections = 0: expected a whole number from 1 to 1000000");
  EXPECT_EQ(problem_of("[Server]\nrequest_timeout = 0"),
            "2: request_timeout = 0: expected a time such as 30s, 5m, 2h or 8d");
  EXPECT_EQ(problem_of("[Server]\ntrusted_proxies = 192.0.2.1,proxy"),
            "2: trusted_proxies = 192.0.2.1,proxy: expected IPv4 or IPv6 addresses separated by commas");
  EXPECT_EQ(problem_of("[DB]\npool = 257"), "2: pool = 257: expected a whole number from 1 to 256");
  EXPECT_EQ(problem_of("[DB]\npath = os.db"), "2: path = os.db: expected an absolute path below /");
  EXPECT_EQ(problem_of("[Queue]\nlimit = 0"), "2: limit = 0: expected a whole number from 1 to 1000000000");
  EXPECT_EQ(problem_of("[Log]\nlevel = trace"), "2: level = trace: expected info or error or warning or debug");
}

TEST_F(ServerConfigTest, RefusesUnknownSectionsAndKeys) {
  EXPECT_EQ(problem_of("[Ftp]\n"), "1: there is no section [Ftp]; expected one of [DB], [Server], [Queue], [Log]");
  EXPECT_EQ(problem_of("[DB]\nfile = db"), "2: [DB] has no key file; expected one of host, path, pool");
  EXPECT_EQ(problem_of("[Queue]\nsize = 5"), "2: [Queue] has no key size; expected one of limit, path");
  EXPECT_EQ(problem_of("[Log]\nlevels = info"), "2: [Log] has no key levels; expected one of file, level");
  EXPECT_EQ(problem_of("[Server]\nbody = 5"),
            "2: [Server] has no key body; expected one of listen, max_body, max_connections, port, request_timeout, "
            "threads, trusted_proxies");
}

TEST_F(ServerConfigTest, ReadsTheDatabaseServer) {
  const ServerConfig config = load(
      "[DB]\nhost = db.example.net\nport = 3307\nuser = osbackup\npassword = a;b \"c\"\ndbname = backups\npool = 2");
  ASSERT_TRUE(config.database.mariadb);
  EXPECT_EQ(config.database.mariadb->host, "db.example.net");
  EXPECT_EQ(config.database.mariadb->port, 3307);
  EXPECT_EQ(config.database.mariadb->user, "osbackup");
  EXPECT_EQ(config.database.mariadb->password.reveal(), "a;b \"c\"");
  EXPECT_EQ(config.database.mariadb->dbname, "backups");
  EXPECT_EQ(config.database.pool, 2U);

  const ServerConfig least = load("[DB]\nhost = [::1]\nuser = osbackup\npassword = p");
  EXPECT_EQ(least.database.mariadb->host, "::1");
  EXPECT_EQ(least.database.mariadb->port, 3306);
  EXPECT_EQ(least.database.mariadb->dbname, "os_backup");
}

TEST_F(ServerConfigTest, RefusesHalfADatabaseServer) {
  EXPECT_EQ(problem_of("[DB]\nhost = db\npassword = p"), "1: [DB]: user is missing");
  EXPECT_EQ(problem_of("[DB]\nhost = db\nuser = u"), "1: [DB]: password is missing");
  EXPECT_EQ(problem_of("[DB]\nhost = db:3306\nuser = u\npassword = p"),
            "2: host = db:3306: expected a host name or an address, without a port or a path");
  EXPECT_EQ(problem_of("[DB]\nhost = db\nuser = u\npassword = p\nport = 0"),
            "5: port = 0: expected a whole number from 1 to 65535");
  EXPECT_EQ(problem_of("[DB]\nhost = db\nuser = u\npassword = p\npath = /a.db"),
            "5: [DB] has no key path; expected one of dbname, host, password, pool, port, user");
  for (const std::string key : {"port", "user", "password", "dbname"})
    EXPECT_EQ(problem_of("[DB]\npool = 2\n" + key + " = 3306"),
              "3: [DB] " + key +
                  " is of a MariaDB server: name its host, or remove the line, and the database is the SQLite file "
                  "under path");
}

TEST_F(ServerConfigTest, IsRefusedWhenOthersMayReadIt) {
  load("");
  chmod(file_.c_str(), 0640);
  EXPECT_THROW(load_server_config(file_), Error);
}

}  // namespace
}  // namespace osbackup::config
