#include <gtest/gtest.h>

#include "contract/report_database.hpp"
#include "core/error.hpp"
#include "crypto/password_hash.hpp"
#include "database/user_store.hpp"

/// What UserStore promises (database/user_store.hpp), tried with each database.
namespace osbackup::database {
namespace {

class UserStoreContract : public testing::TestWithParam<sql::DatabaseKind> {
 protected:
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

  ReportDatabase database_{GetParam()};
  UserStore store_{database_.pool()};
};

TEST_P(UserStoreContract, KeepsUsersByNameAndNoPassword) {
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

TEST_P(UserStoreContract, ANameIsTakenOnce) {
  add("agent", "secret");
  EXPECT_EQ(refusal("agent", "other"), ErrorKind::Exists);
  EXPECT_TRUE(crypto::verify_password(Secret("secret"), store_.list().at(0).password_hash));
}

TEST_P(UserStoreContract, NamesAreToldApartByTheirCase) {
  add("agent", "secret");
  add("Agent", "other");
  EXPECT_EQ(store_.list().size(), 2U);
}

TEST_P(UserStoreContract, RemovesAUserWhoIsThere) {
  add("agent", "secret");
  store_.remove("agent");
  EXPECT_TRUE(store_.list().empty());
  EXPECT_THROW(store_.remove("agent"), Error);
}

TEST_P(UserStoreContract, RefusesNamesAndPasswordsThatWouldNotWork) {
  for (const std::string& name : {std::string(), std::string("a:b"), std::string("a b"), std::string(65, 'x')})
    EXPECT_EQ(refusal(name, "secret"), ErrorKind::Usage) << name;
  for (const std::string& password : {std::string(), std::string("a\nb"), std::string(1025, 'x')})
    EXPECT_EQ(refusal("agent", password), ErrorKind::Usage);
  EXPECT_THROW(role_from_name("king"), Error);
}

INSTANTIATE_TEST_SUITE_P(EveryDatabase, UserStoreContract, ::testing::Values(sql::sqlite(), sql::mariadb()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace osbackup::database
