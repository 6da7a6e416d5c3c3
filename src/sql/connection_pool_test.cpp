#include "sql/connection_pool.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "core/error.hpp"
#include "sql/transaction.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::sql {
namespace {

class ConnectionPoolTest : public testing::Test {
 protected:
  ConnectionPool pool(std::size_t connections_max, std::chrono::milliseconds lease_timeout) {
    return ConnectionPool({.connection = SqliteOptions{.file = folder_.path() / "a.db"},
                           .connections_max = connections_max,
                           .lease_timeout = lease_timeout});
  }
  test::TemporaryFolder folder_;
};

TEST_F(ConnectionPoolTest, UsesAConnectionAgain) {
  ConnectionPool pool = this->pool(1, std::chrono::seconds(10));
  const Connection* first = &*pool.lease();
  EXPECT_EQ(&*pool.lease(), first);
}

TEST_F(ConnectionPoolTest, RefusesWhenAllAreInUse) {
  ConnectionPool pool = this->pool(2, std::chrono::milliseconds(1));
  const auto first = pool.lease();
  const auto second = pool.lease();
  try {
    pool.lease();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  }
}

TEST_F(ConnectionPoolTest, DropsABrokenConnection) {
  ConnectionPool pool = this->pool(1, std::chrono::milliseconds(1));
  pool.lease()->roll_back();
  EXPECT_FALSE(pool.lease()->broken());
}

TEST_F(ConnectionPoolTest, GivesItsPlaceBackWhenOpeningFails) {
  ConnectionPool pool({.connection = SqliteOptions{.file = "/proc/nowhere/a.db"},
                       .connections_max = 1,
                       .lease_timeout = std::chrono::milliseconds(1)});
  for (int i = 0; i < 2; ++i) {
    try {
      pool.lease();
      FAIL();
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("/proc/nowhere"), std::string::npos) << error.what();
    }
  }
}

TEST_F(ConnectionPoolTest, ServesMoreThreadsThanItHasConnections) {
  ConnectionPool pool = this->pool(2, std::chrono::seconds(60));
  pool.lease()->execute("CREATE TABLE item (id INTEGER PRIMARY KEY)");
  {
    std::vector<std::jthread> threads;
    threads.reserve(6);
    for (int i = 0; i < 6; ++i)
      threads.emplace_back([&pool] {
        for (int n = 0; n < 20; ++n) {
          const auto connection = pool.lease();
          Transaction transaction(*connection);
          transaction.execute("INSERT INTO item (id) VALUES (?)", {std::nullopt});
          transaction.commit();
        }
      });
  }
  EXPECT_EQ(pool.lease()->query("SELECT COUNT(*) FROM item", 1).at(0).integer(0), 120);
}

}  // namespace
}  // namespace osbackup::sql
