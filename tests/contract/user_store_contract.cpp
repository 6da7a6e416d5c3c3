#include "database/user_store.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "crypto/password_hash.hpp"
#include "database/schema.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::database {
namespace {

class UserStoreTest : public testing::Test {
 protected:
  UserStoreTest() { sql::migrate(*pool_.lease(), migrations()); }

  void add(const std::string& name, const std::string& password, Role role = Role::Agent) {
    store_.add({.name = name, .role = role, .password = Secret(password)}, TimePoint(std::chrono::seconds(0)));
  }
  std::optional<ErrorKind> refusal(const std::string& name, const std::string& password) {
    try {
      add(name, password);
      return std::nullopt;
    } catch (const Error& error) {
      return error.kind();
    }
  }

  test::TemporaryFolder folder_;
  sql::ConnectionPool pool_{{.connection = sql::SqliteOptions{.file = folder_.path() / "a.db"}}};
  UserStore store_{pool_};
};

TEST_F(UserStoreTest, KeepsUsersByNameAndNoPassword) {
  add("web@example.com", "secret", Role::Viewer);
  add("agent", "other", Role::Admin);
  const std::vector<User> users = store_.list();
  ASSERT_EQ(users.size(), 2U);
  EXPECT_EQ(users[0].name, "agent");
  EXPECT_EQ(users[0].role, Role::Admin);
  EXPECT_EQ(users[0].created_at, "1970-01-01T00:00:00Z");
  EXPECT_EQ(users[1].role, Role::Viewer);
  EXPECT_TRUE(crypto::verify_password(Secret("secret"), users[1].password_hash));
}

TEST_F(UserStoreTest, ANameIsTakenOnce) {
  add("agent", "secret");
  EXPECT_EQ(refusal("agent", "other"), ErrorKind::Exists);
  EXPECT_TRUE(crypto::verify_password(Secret("secret"), store_.list().at(0).password_hash));
}

TEST_F(UserStoreTest, RemovesAUserWhoIsThere) {
  add("agent", "secret");
  store_.remove("agent");
  EXPECT_TRUE(store_.list().empty());
  EXPECT_THROW(store_.remove("agent"), Error);
}

TEST_F(UserStoreTest, RefusesNamesAndPasswordsThatWouldNotWork) {
  for (const std::string& name : {std::string(), std::string("a:b"), std::string("a b"), std::string(65, 'x')})
    EXPECT_EQ(refusal(name, "secret"), ErrorKind::Usage) << name;
  for (const std::string& password : {std::string(), std::string("a\nb"), std::string(1025, 'x')})
    EXPECT_EQ(refusal("agent", password), ErrorKind::Usage);
  EXPECT_THROW(role_from_name("king"), Error);
}

}  // namespace
}  // namespace osbackup::database
