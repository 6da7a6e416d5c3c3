#include "server/kept_users.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.hpp"

namespace osbackup::server {
namespace {

using database::Role;
using database::User;

class KeptUsersTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "users.json";
  KeptUsers kept_{file_};
};

TEST_F(KeptUsersTest, ComeBackAsTheyWere) {
  const std::vector<User> users = {
      {.name = "agent", .role = Role::Agent, .password_hash = "$a\\\"$", .created_at = "t"},
      {.name = "chief", .role = Role::Admin, .password_hash = "", .created_at = ""}};
  kept_.store({});
  kept_.store(users);
  EXPECT_EQ(kept_.load(), users);
}

TEST_F(KeptUsersTest, AreNoneWhenTheFileIsMissingOrSomethingElse) {
  EXPECT_EQ(kept_.load(), std::nullopt);
  for (const char* text : {"", "{}", "[1]", "[{\"name\": \"a\"}]",
                           R"([{"name": "a", "role": "king", "password_hash": "", "created_at": ""}])"}) {
    std::ofstream(file_) << text;
    EXPECT_EQ(kept_.load(), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace osbackup::server
