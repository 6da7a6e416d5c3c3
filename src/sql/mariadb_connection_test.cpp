#include "sql/mariadb_connection.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <future>

#include "core/error.hpp"
#include "sql/connection_pool.hpp"
#include "sql/transaction.hpp"
#include "support/fails_with.hpp"
#include "support/loopback_socket.hpp"
#include "support/mariadb_server.hpp"

/// What is MariaDB's own; what it has in common with SQLite is in tests/contract/connection_contract.cpp.
namespace osbackup::sql {
namespace {

using test::fails_with;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class MariaDbConnectionTest : public testing::Test {
 protected:
  explicit MariaDbConnectionTest(test::MariaDbServerOptions options = {}) : server_(std::move(options)) {
    connection_ = std::make_unique<MariaDbConnection>(options_);
    connection_->execute(
        "CREATE TABLE item (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) UNIQUE, size INTEGER, note "
        "LONGTEXT)");
  }

  std::string setting(const std::string& name) { return connection_->query("SELECT @@" + name, 1).at(0).text(0); }
  void add(const std::string& name) { connection_->execute("INSERT INTO item (name, size) VALUES (?, 0)", {name}); }
  static void add_one_to(Connection& connection, const std::string& name) {
    connection.execute("UPDATE item SET size = size + 1 WHERE name = ?", {name});
  }
  std::int64_t sum() { return connection_->query("SELECT SUM(size) FROM item", 1).at(0).integer(0); }

  static std::vector<Values> numbered_rows(std::size_t count, const Value& second) {
    std::vector<Values> rows(count);
    for (std::size_t i = 0; i < count; ++i) rows[i] = {i, second};
    return rows;
  }

  void connect(const MariaDbOptions& options) { connection_ = std::make_unique<MariaDbConnection>(options); }

  test::MariaDbServer server_;
  MariaDbOptions options_{.host = server_.host(),
                          .port = server_.port(),
                          .user = server_.user(),
                          .password = Secret(server_.password()),
                          .dbname = server_.dbname(),
                          .connect_timeout = std::chrono::seconds(1),
                          .read_timeout = std::chrono::seconds(1),
                          .write_timeout = std::chrono::seconds(1),
                          .lock_timeout = std::chrono::seconds(5)};
  std::unique_ptr<Connection> connection_;
};

TEST_F(MariaDbConnectionTest, IsSetUpInTheSameWayWhateverTheServerSays) {
  EXPECT_EQ(setting("time_zone"), "+00:00");
  EXPECT_EQ(setting("character_set_client"), "utf8mb4");
  EXPECT_EQ(setting("collation_connection"), "utf8mb4_bin");
  EXPECT_EQ(setting("tx_isolation"), "READ-COMMITTED");
  EXPECT_EQ(setting("default_storage_engine"), "InnoDB");
  EXPECT_EQ(setting("innodb_lock_wait_timeout"), "5");
  EXPECT_THAT(setting("sql_mode"), AllOf(HasSubstr("STRICT_ALL_TABLES"), HasSubstr("NO_BACKSLASH_ESCAPES"),
                                         HasSubstr("NO_ENGINE_SUBSTITUTION")));
}

TEST_F(MariaDbConnectionTest, WritesManyRowsInOneMessage) {
  const auto questions = [&] { return connection_->query("SHOW SESSION STATUS LIKE 'Questions'", 2).at(0).integer(1); };
  const std::vector<Values> rows = numbered_rows(1000, 7);
  const std::int64_t before = questions();
  Transaction transaction(*connection_);
  EXPECT_EQ(transaction.execute_many("INSERT INTO item (name, size) VALUES (?, ?)", rows), 1000U);
  transaction.commit();

  EXPECT_LT(questions() - before, 20);
}

TEST_F(MariaDbConnectionTest, AValueThatDoesNotFitIsUsageAndNamesTheColumn) {
  EXPECT_THAT([&] { add("confidential and too long"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("too long for column 'name'"), Not(HasSubstr("confidential")))));
  EXPECT_THAT([&] { add("confidential and too long"); }, fails_with(ErrorKind::Usage, ""));
  EXPECT_THAT([&] { connection_->execute("INSERT INTO item (size) VALUES (?)", {5'000'000'000}); },
              fails_with(ErrorKind::Usage, "'size'"));
  EXPECT_THAT([&] { connection_->execute("INSERT INTO item (size) VALUES (?)", {"confidential"}); },
              ThrowsMessage<Error>(AllOf(HasSubstr("size"), Not(HasSubstr("confidential")))));
  EXPECT_THAT([&] { add("confidential \xFF"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("name"), Not(HasSubstr("confidential")))));
  add("fits");
  EXPECT_FALSE(connection_->broken());
}

TEST_F(MariaDbConnectionTest, WhatIsMadeTwiceExistsAndWhatIsNotThereIsNotFound) {
  EXPECT_THAT([&] { connection_->execute("CREATE TABLE item (x INTEGER)"); }, fails_with(ErrorKind::Exists, "item"));
  EXPECT_THAT([&] { connection_->execute("ALTER TABLE item ADD COLUMN note INTEGER"); },
              fails_with(ErrorKind::Exists, "note"));
  EXPECT_THAT([&] { connection_->execute("CREATE UNIQUE INDEX name ON item (name)"); },
              fails_with(ErrorKind::Exists, "name"));
  EXPECT_THAT([&] { connection_->execute("DROP TABLE other"); }, fails_with(ErrorKind::NotFound, "other"));
}

TEST_F(MariaDbConnectionTest, AFullTableIsNoSpace) {
  connection_->execute("SET SESSION max_heap_table_size = 16384");
  connection_->execute("CREATE TABLE small (x CHAR(200)) ENGINE = MEMORY");
  EXPECT_THAT(
      [&] {
        for (int i = 0; i < 1000; ++i) connection_->execute("INSERT INTO small VALUES (?)", {i});
      },
      fails_with(ErrorKind::NoSpace, "small"));
}

TEST_F(MariaDbConnectionTest, OneOfADeadlockGoesOnAndTheOtherTriesAgain) {
  add("a");
  add("b");
  MariaDbConnection other(options_);
  {
    Transaction first(*connection_);
    add_one_to(*connection_, "a");
    // The server undoes the transaction that has done less.
    for (int i = 0; i < 20; ++i) add(std::to_string(i));
    Transaction second(other);
    add_one_to(other, "b");
    auto waiting = std::async(std::launch::async, [&] { add_one_to(*connection_, "b"); });

    EXPECT_THAT([&] { add_one_to(other, "a"); }, fails_with(ErrorKind::Locked, "Deadlock"));

    // Its transaction is gone: what comes next must not be committed by itself.
    EXPECT_THAT([&] { second.execute("DELETE FROM item"); }, fails_with(ErrorKind::Unavailable, "begin it anew"));
    EXPECT_THAT([&] { second.commit(); }, fails_with(ErrorKind::Unavailable, "begin it anew"));
    waiting.get();
    first.commit();
  }
  EXPECT_EQ(sum(), 2);
  EXPECT_FALSE(other.broken());

  Transaction again(other);
  add_one_to(other, "b");
  add_one_to(other, "a");
  again.commit();

  EXPECT_EQ(sum(), 4);
}

TEST_F(MariaDbConnectionTest, AWrongPasswordIsRefusedAndNotTold) {
  options_.password = Secret("confidential");
  EXPECT_THAT([&] { connect(options_); }, fails_with(ErrorKind::LoginRefused, "osbackup"));
  EXPECT_THAT([&] { connect(options_); }, ThrowsMessage<Error>(Not(HasSubstr("confidential"))));
}

TEST_F(MariaDbConnectionTest, ADatabaseThatIsNotThereOrNotOursIsSaidToBeSo) {
  options_.dbname = "mysql";
  EXPECT_THAT([&] { connect(options_); }, fails_with(ErrorKind::Denied, "mysql"));
  options_.dbname = "os_backup_2";
  EXPECT_THAT([&] { connect(options_); }, fails_with(ErrorKind::Denied, "os_backup_2"));
}

class MariaDbLoginTest : public MariaDbConnectionTest {
 protected:
  MariaDbLoginTest()
      : MariaDbConnectionTest({.arguments = {"--plugin-load-add=auth_ed25519", "--plugin-load-add=auth_pam"},
                               .statements = "CREATE USER IF NOT EXISTS everywhere@'%' IDENTIFIED BY 'p';\n"
                                             "GRANT ALL ON *.* TO everywhere@'%';\n"
                                             "CREATE USER IF NOT EXISTS modern@'%' IDENTIFIED VIA ed25519 USING"
                                             " PASSWORD('p');\n"
                                             "GRANT ALL ON os_backup.* TO modern@'%';\n"
                                             "CREATE USER IF NOT EXISTS asked@'%' IDENTIFIED VIA pam;\n"}) {
    options_.password = Secret("p");
  }
};

TEST_F(MariaDbLoginTest, AMissingDatabaseIsNotFound) {
  options_.user = "everywhere";
  options_.dbname = "missing";
  EXPECT_THAT([&] { connect(options_); }, fails_with(ErrorKind::NotFound, "Unknown database 'missing'"));
  EXPECT_THAT([&] { connect(options_); },
              fails_with(ErrorKind::NotFound, "or make it (CREATE DATABASE missing CHARACTER SET utf8mb4)"));
}

TEST_F(MariaDbLoginTest, AWrongPasswordIsToldWithWhoAndWhereAndWithoutIt) {
  options_.password = Secret("a wrong one");
  EXPECT_THAT([&] { connect(options_); },
              fails_with(ErrorKind::LoginRefused, "database " + name_of(options_) + ", user osbackup: Access denied"));
  EXPECT_THAT([&] { connect(options_); },
              ThrowsMessage<Error>(AllOf(HasSubstr("check [DB] user and password"), Not(HasSubstr("wrong one")))));
}

TEST_F(MariaDbLoginTest, LogsInWithEd25519) {
  options_.user = "modern";
  connect(options_);
  EXPECT_TRUE(connection_->answers());
}

// Whoever stands in the server's place could ask for it.
TEST_F(MariaDbLoginTest, NeverHandsOutThePasswordItself) {
  options_.user = "asked";
  EXPECT_THAT([&] { connect(options_); }, fails_with(ErrorKind::LoginRefused, "restricted_auth"));
}

TEST_F(MariaDbConnectionTest, AServerThatIsAwayIsUnavailable) {
  server_.kill();
  EXPECT_THAT([&] { connect(options_); }, fails_with(ErrorKind::Unavailable, "connect"));
}

TEST_F(MariaDbConnectionTest, AServerThatNeverAnswersIsUnavailableInTime) {
  const test::LoopbackListener silent;
  options_.port = silent.port();
  EXPECT_THAT([&] { connect(options_); }, fails_with(ErrorKind::Unavailable, ""));
}

TEST_F(MariaDbConnectionTest, ARestartOfTheServerBreaksTheConnectionAndKeepsWhatWasCommitted) {
  add("a");
  Transaction transaction(*connection_);
  add("never committed");
  server_.kill();

  EXPECT_THAT([&] { add("b"); }, fails_with(ErrorKind::Unavailable, ""));
  EXPECT_TRUE(connection_->broken());
  server_.start();
  EXPECT_THAT([&] { add("b"); }, fails_with(ErrorKind::Unavailable, ""));
  EXPECT_FALSE(connection_->answers());

  MariaDbConnection after(options_);
  after.execute("INSERT INTO item (name) VALUES (?)", {"b"});
  EXPECT_EQ(after.query("SELECT COUNT(*) FROM item", 1).at(0).integer(0), 2);
}

TEST_F(MariaDbConnectionTest, AFrozenServerIsUnavailableInTimeAndTheConnectionIsBroken) {
  add("a");
  server_.freeze();
  EXPECT_THAT([&] { add("b"); }, fails_with(ErrorKind::Unavailable, ""));
  EXPECT_TRUE(connection_->broken());
  EXPECT_THAT([&] { connect(options_); }, fails_with(ErrorKind::Unavailable, ""));

  server_.thaw();

  connect(options_);
  add("c");
}

TEST_F(MariaDbConnectionTest, AConnectionThatSomebodyKilledIsBroken) {
  const std::string id = connection_->query("SELECT CONNECTION_ID()", 1).at(0).text(0);
  MariaDbConnection(options_).execute("KILL " + id);
  EXPECT_THAT([&] { add("a"); }, fails_with(ErrorKind::Unavailable, ""));
  EXPECT_TRUE(connection_->broken());
}

class SmallMessagesTest : public MariaDbConnectionTest {
 protected:
  SmallMessagesTest() : MariaDbConnectionTest({.arguments = {"--max-allowed-packet=1M"}}) {}
};

TEST_F(SmallMessagesTest, ManyRowsAreSentInAsManyMessagesAsTheServerWants) {
  const std::vector<Values> rows = numbered_rows(40, std::string(100'000, 'x'));
  Transaction transaction(*connection_);
  EXPECT_EQ(transaction.execute_many("INSERT INTO item (name, note) VALUES (?, ?)", rows), 40U);
  transaction.commit();
  EXPECT_EQ(connection_->query("SELECT SUM(LENGTH(note)) FROM item", 1).at(0).integer(0), 4'000'000);
}

// The server would end the connection, and do so with every attempt.
TEST_F(SmallMessagesTest, ARowThatTheServerCannotTakeIsUsage) {
  const Values row = {"a", std::string(1U << 20U, 'x')};
  const std::string insert = "INSERT INTO item (name, note) VALUES (?, ?)";
  EXPECT_THAT([&] { connection_->execute(insert, row); }, fails_with(ErrorKind::Usage, "max_allowed_packet"));
  Transaction transaction(*connection_);
  EXPECT_THAT(
      [&] {
        transaction.execute_many(insert, std::vector<Values>{{"b", "x"}, row});
      },
      fails_with(ErrorKind::Usage, "max_allowed_packet"));
  EXPECT_FALSE(connection_->broken());
  transaction.execute(insert, {"c", std::string((1U << 20U) - 8192, 'x')});
  transaction.commit();
}

class MariaDbPoolTest : public MariaDbConnectionTest {
 protected:
  static constexpr std::size_t kConnections = 8;

  ConnectionPool pool_{{.connection = options_,
                        .connections_max = kConnections,
                        .lease_timeout = std::chrono::milliseconds(100),
                        .trusted_idle = std::chrono::milliseconds(0)}};

  static std::int64_t id_of(Connection& connection) {
    return connection.query("SELECT CONNECTION_ID()", 1).at(0).integer(0);
  }
  void fill_with_idle() { const std::vector<ConnectionPool::Lease> all = leased(kConnections); }
  std::vector<ConnectionPool::Lease> leased(std::size_t count) {
    std::vector<ConnectionPool::Lease> leases;
    for (std::size_t i = 0; i < count; ++i) leases.push_back(pool_.lease());
    return leases;
  }
};

TEST_F(MariaDbPoolTest, AfterARestartEveryLeaseIsAlive) {
  fill_with_idle();
  server_.kill();
  server_.start();

  for (const ConnectionPool::Lease& lease : leased(kConnections))
    EXPECT_EQ(lease->query("SELECT name FROM item WHERE size = ?", 1, {1}).size(), 0U);
}

TEST_F(MariaDbPoolTest, KeepsWhatStillAnswers) {
  const std::int64_t id = id_of(*pool_.lease());
  EXPECT_EQ(id_of(*pool_.lease()), id);
}

TEST_F(MariaDbPoolTest, AConnectionThatBrokeOnLoanIsReplaced) {
  {
    const ConnectionPool::Lease lease = pool_.lease();
    MariaDbConnection(options_).execute("KILL " + std::to_string(id_of(*lease)));
    EXPECT_THROW(lease->query("SELECT 1", 1), Error);
  }
  for (const ConnectionPool::Lease& lease : leased(kConnections)) EXPECT_TRUE(lease->answers());
}

TEST_F(MariaDbPoolTest, ADatabaseThatIsAwayIsUnavailableAndTakesNoPlaces) {
  fill_with_idle();
  server_.kill();
  for (int i = 0; i < 5; ++i) EXPECT_THAT([&] { pool_.lease(); }, fails_with(ErrorKind::Unavailable, "connect"));

  server_.start();

  EXPECT_EQ(leased(kConnections).size(), kConnections);
}

// One timeout for asking and one for connecting; not one for each of the idle ones.
TEST_F(MariaDbPoolTest, AFrozenDatabaseKeepsALeaseOnlyAsLongAsItsTimeouts) {
  fill_with_idle();
  server_.freeze();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT([&] { pool_.lease(); }, fails_with(ErrorKind::Unavailable, ""));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

}  // namespace
}  // namespace osbackup::sql
