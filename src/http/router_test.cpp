#include "http/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

#include "core/error.hpp"

namespace osbackup::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

class RouterTest : public testing::Test {
 protected:
  Response ask(const std::string& method, const std::string& path) {
    std::optional<Response> answer;
    router_.route(Request{.method = method, .path = path}, [&](Response response) {
      if (!answer) answer = std::move(response);
    });
    return answer.value();
  }

  static Handler answering(const std::string& body) {
    return [body](const Request&, const Respond& respond) { respond(Response{.body = body}); };
  }

  Router router_;
};

TEST_F(RouterTest, ARequestReachesTheHandlerOfItsMethodAndPath) {
  router_.add("GET", "/a", answering("get a"));
  router_.add("POST", "/a", answering("post a"));
  router_.add("GET", "/a/b", answering("get a/b"));

  EXPECT_EQ(ask("POST", "/a").body, "post a");
  EXPECT_EQ(ask("GET", "/a/b").body, "get a/b");
  EXPECT_EQ(ask("GET", "/a").cause, "");
}

TEST_F(RouterTest, AnUnknownPathIs404) {
  router_.add("GET", "/a", answering(""));

  const Response response = ask("GET", "/b\n");

  EXPECT_EQ(response.status, 404U);
  EXPECT_EQ(response.cause, "nothing is served at /b\\n");
}

TEST_F(RouterTest, AnotherMethodIs405AndTellsWhichAreAllowed) {
  router_.add("POST", "/a", answering(""));
  router_.add("GET", "/a", answering(""));

  const Response response = ask("DELETE", "/a");

  EXPECT_EQ(response.status, 405U);
  EXPECT_THAT(response.headers, ElementsAre(Pair("Allow", "GET, POST")));
}

TEST_F(RouterTest, AHandlerThatThrowsIs500AndTheCauseIsKeptForTheLog) {
  router_.add("GET", "/error", [](const Request&, const Respond&) { throw Error(ErrorKind::Unavailable, "no disk"); });
  router_.add("GET", "/bug", [](const Request&, const Respond&) { throw std::out_of_range("at"); });

  EXPECT_EQ(ask("GET", "/error").status, 500U);
  EXPECT_EQ(ask("GET", "/error").body, "");
  EXPECT_EQ(ask("GET", "/error").cause, "the handler of /error failed: no disk");
  EXPECT_EQ(ask("GET", "/bug").status, 500U);
}

}  // namespace
}  // namespace osbackup::http
