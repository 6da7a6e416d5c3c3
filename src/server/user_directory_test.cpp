#include "server/user_directory.hpp"

#include <gtest/gtest.h>

#include <future>

#include "database/schema.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::server {
namespace {

TEST(UserDirectory, ReadsOnAfterAFailureThatIsNotOurs) {
  const test::TemporaryFolder folder;
  sql::ConnectionPool pool({.connection = sql::SqliteOptions{.file = folder.path() / "a.db"}});
  sql::migrate(*pool.lease(), database::migrations());
  database::UserStore store(pool);
  std::promise<void> told;
  const UserDirectory directory(store, {.interval = std::chrono::milliseconds(1), .on_problem = [&](const Error&) {
                                          told.set_value();
                                          throw std::runtime_error("cannot be told");
                                        }});
  pool.lease()->execute("ALTER TABLE users RENAME TO away");
  told.get_future().wait();
  pool.lease()->execute("ALTER TABLE away RENAME TO users");
  store.add({.name = "agent", .role = database::Role::Agent, .password = Secret("secret")}, TimePoint{});

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!directory.find("agent") && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();

  EXPECT_TRUE(directory.find("agent"));
}

}  // namespace
}  // namespace osbackup::server
