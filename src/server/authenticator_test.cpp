#include "server/authenticator.hpp"

#include <gtest/gtest.h>

#include <future>

#include "core/encoding.hpp"
#include "database/schema.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::server {
namespace {

std::string basic(const std::string& pair) { return "Basic " + base64_encode(pair); }

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    sql::migrate(*pool_.lease(), database::migrations());
    add("agent", "secret");
    directory_.emplace(store_, UserDirectory::Options{.interval = std::chrono::hours(1), .on_problem = {}});
  }

  void add(const std::string& name, const std::string& password) {
    store_.add({.name = name, .role = database::Role::Agent, .password = Secret(password)}, TimePoint{});
  }

  /// The user's name, or the kind of refusal.
  static std::string outcome(const Authenticator::Verdict& verdict) {
    const Error* error = std::get_if<Error>(&verdict);
    return error != nullptr ? std::string(name_of(error->kind())) : std::get<Login>(verdict).user;
  }
  static std::string check(Authenticator& authenticator, const std::string& header) {
    std::promise<std::string> promise;
    authenticator.check(header,
                        [&promise](const Authenticator::Verdict& verdict) { promise.set_value(outcome(verdict)); });
    return promise.get_future().get();
  }

  test::TemporaryFolder folder_;
  sql::ConnectionPool pool_{{.connection = sql::SqliteOptions{.file = folder_.path() / "a.db"}}};
  database::UserStore store_{pool_};
  std::optional<UserDirectory> directory_;
};

TEST_F(AuthenticatorTest, LetsInOnlyTheRightPassword) {
  Authenticator authenticator(*directory_, {});
  EXPECT_EQ(check(authenticator, basic("agent:secret")), "agent");
  EXPECT_EQ(check(authenticator, basic("agent:wrong")), "denied");
  EXPECT_EQ(check(authenticator, basic("agent:")), "denied");
  EXPECT_EQ(check(authenticator, basic("nobody:secret")), "denied");
}

TEST_F(AuthenticatorTest, RefusesWhatIsNoLogin) {
  Authenticator authenticator(*directory_, {});
  for (const char* header : {"", "Basic", "Basic ", "Basic !!!", "Bearer YTpi", "Basic YWdlbnQ="})
    EXPECT_EQ(check(authenticator, header), "denied") << header;
  EXPECT_EQ(check(authenticator, basic(std::string(5000, 'x') + ":y")), "denied");
}

TEST_F(AuthenticatorTest, AnswersARememberedLoginAtOnce) {
  Authenticator authenticator(*directory_, {});
  ASSERT_EQ(check(authenticator, basic("agent:secret")), "agent");
  std::thread::id answered;
  authenticator.check("basic  YWdlbnQ6c2VjcmV0",
                      [&answered](const Authenticator::Verdict&) { answered = std::this_thread::get_id(); });
  EXPECT_EQ(answered, std::this_thread::get_id());
}

TEST_F(AuthenticatorTest, ARemovedUserIsOutWithTheNextReading) {
  Authenticator authenticator(*directory_, {});
  ASSERT_EQ(check(authenticator, basic("agent:secret")), "agent");
  store_.remove("agent");
  directory_->refresh();
  EXPECT_EQ(check(authenticator, basic("agent:secret")), "denied");
}

TEST_F(AuthenticatorTest, ANewUserAndANewPasswordWorkAtOnce) {
  Authenticator authenticator(*directory_, {});
  ASSERT_EQ(check(authenticator, basic("agent:secret")), "agent");
  add("second", "one");
  EXPECT_EQ(check(authenticator, basic("second:one")), "second");
  store_.remove("agent");
  add("agent", "changed");
  EXPECT_EQ(check(authenticator, basic("agent:changed")), "agent");
  EXPECT_EQ(check(authenticator, basic("agent:secret")), "denied");
}

TEST_F(AuthenticatorTest, ForgetsTheOldestLoginWhenItRemembersTooMany) {
  add("second", "one");
  Authenticator authenticator(*directory_, {.threads = 1, .waiting_max = 64, .remembered_max = 1});
  EXPECT_EQ(check(authenticator, basic("agent:secret")), "agent");
  EXPECT_EQ(check(authenticator, basic("second:one")), "second");
  EXPECT_EQ(check(authenticator, basic("agent:secret")), "agent");
}

TEST_F(AuthenticatorTest, RefusesWhenTooManyDifferentLoginsWaitAndTakesTheSameOneOnce) {
  // Without threads nothing leaves the line.
  Authenticator authenticator(*directory_, {.threads = 0, .waiting_max = 2, .remembered_max = 1});
  std::vector<std::string> outcomes;
  const auto note = [&outcomes](const Authenticator::Verdict& verdict) { outcomes.push_back(outcome(verdict)); };
  authenticator.check(basic("agent:1"), note);
  authenticator.check(basic("agent:2"), note);
  authenticator.check(basic("agent:2"), note);
  EXPECT_TRUE(outcomes.empty());
  authenticator.check(basic("agent:3"), note);
  EXPECT_EQ(outcomes, (std::vector<std::string>{"unavailable"}));
  authenticator.stop();
  EXPECT_EQ(outcomes.size(), 4U);
}

TEST_F(AuthenticatorTest, ManyThreadsAskForTheSameLogin) {
  Authenticator authenticator(*directory_, {.threads = 2, .waiting_max = 1, .remembered_max = 10});
  std::atomic<int> let_in = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] { let_in += check(authenticator, basic("agent:secret")) == "agent" ? 1 : 0; });
  }
  EXPECT_EQ(let_in, 8);
}

TEST_F(AuthenticatorTest, AnAnswerThatFailsDoesNotEndTheThread) {
  Authenticator authenticator(*directory_, {.threads = 1, .waiting_max = 64, .remembered_max = 10});
  std::promise<void> called;
  authenticator.check(basic("agent:secret"), [&called](const Authenticator::Verdict&) {
    called.set_value();
    throw std::runtime_error("no connection");
  });
  called.get_future().wait();
  EXPECT_EQ(check(authenticator, basic("agent:wrong")), "denied");
}

TEST_F(AuthenticatorTest, KnownUsersStayWhenTheDatabaseIsAway) {
  Authenticator authenticator(*directory_, {});
  pool_.lease()->execute("ALTER TABLE users RENAME TO away");
  directory_->refresh();
  EXPECT_EQ(check(authenticator, basic("agent:secret")), "agent");
}

}  // namespace
}  // namespace osbackup::server
