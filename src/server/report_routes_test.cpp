#include "server/report_routes.hpp"

#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>

#include <future>
#include <sstream>

#include "core/encoding.hpp"
#include "database/schema.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::server {
namespace {

/// Fails as a library might, and not with our own Error, until it is repaired.
class BrokenClock final : public Clock {
 public:
  TimePoint now() const override {
    if (broken) throw std::runtime_error("the clock /dev/secret is broken");
    return TimePoint{};
  }
  std::atomic<bool> broken = false;
};

class ReportRoutesTest : public testing::Test {
 public:
  ~ReportRoutesTest() override {
    authenticator_->stop();
    journal_.stop();
  }

 protected:
  ReportRoutesTest() {
    sql::migrate(*pool_.lease(), database::migrations());
    users_.add({.name = "agent", .role = database::Role::Agent, .password = Secret("secret")}, TimePoint{});
    directory_.emplace(users_, UserDirectory::Options{.interval = std::chrono::hours(1), .on_problem = {}});
    authenticator_.emplace(*directory_, Authenticator::Options{});
    routes_.emplace(ReportRoutes::Parts{
        .authenticator = *authenticator_, .journal = journal_, .clock = clock_, .log = log_, .trusted_proxies = {}});
    routes_->add_to(router_);
  }

  static http::Request count_from(const std::string& peer) {
    http::Request request{.method = "GET", .path = "/countapi"};
    request.headers.emplace_back("authorization", "Basic " + base64_encode("agent:secret"));
    request.peer_address = peer;
    return request;
  }
  http::Response answer_to(const http::Request& request) {
    std::promise<http::Response> promise;
    router_.route(request, [&promise](http::Response response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }
  static std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [known, value] : response.headers)
      if (known == name) return value;
    return "none";
  }

  test::TemporaryFolder folder_;
  sql::ConnectionPool pool_{{.connection = sql::SqliteOptions{.file = folder_.path() / "a.db"}}};
  database::UserStore users_{pool_};
  queue::Journal journal_{{.directory = folder_.path() / "queue"}};
  BrokenClock clock_;
  std::ostringstream text_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)};
  std::optional<UserDirectory> directory_;
  std::optional<Authenticator> authenticator_;
  std::optional<ReportRoutes> routes_;
  http::Router router_;
};

TEST_F(ReportRoutesTest, APeerWithoutAnAddressIsNotCounted) {
  const http::Response refused = answer_to(count_from("unknown"));
  EXPECT_EQ(refused.status, 400U);
  EXPECT_EQ(refused.body, "0");
  EXPECT_EQ(header(refused, "X-Osbackup-Error"), "the address of the caller is not known: send ip");
  EXPECT_EQ(journal_.depth(), 0U);
  EXPECT_EQ(answer_to(count_from("2001:DB8::1")).body, "1");
}

TEST_F(ReportRoutesTest, AFailureThatIsNotOursIsAnsweredAndSaysNothingOfWhy) {
  clock_.broken = true;
  // On a thread of the authenticator, and with the remembered login on that of the caller.
  for (int i = 0; i < 2; ++i) {
    const http::Response failed = answer_to(count_from("192.0.2.1"));
    EXPECT_EQ(failed.status, 500U);
    EXPECT_EQ(failed.body, "0");
    EXPECT_EQ(header(failed, "X-Osbackup-Error"), "the server failed; its log says why");
  }
  clock_.broken = false;
  EXPECT_EQ(answer_to(count_from("192.0.2.1")).body, "1");
  EXPECT_THAT(text_.str(), testing::HasSubstr("/dev/secret"));
}

TEST_F(ReportRoutesTest, AnAnswerThatCannotBeGivenDoesNotEndTheJournal) {
  std::promise<void> tried;
  router_.route(count_from("192.0.2.1"), [&](const http::Response&) {
    tried.set_value();
    throw std::runtime_error("no connection");
  });
  tried.get_future().wait();
  EXPECT_EQ(answer_to(count_from("192.0.2.1")).body, "1");
  EXPECT_EQ(journal_.depth(), 2U);
}

class DecorateErrorTest : public testing::Test {
 protected:
  /// Status, body, X-Osbackup-Error and Retry-After.
  static std::vector<std::string> decorated(unsigned status, const std::string& cause, const std::string& path) {
    http::Response response = http::error_response(status, cause);
    decorate_error(response, path);
    std::vector<std::string> out = {response.body, "none", "none"};
    for (const auto& [name, value] : response.headers) {
      if (name == "X-Osbackup-Error") out[1] = value;
      if (name == "Retry-After") out[2] = value;
    }
    return out;
  }
  using Parts = std::vector<std::string>;
};

TEST_F(DecorateErrorTest, TellsTheCauseInOneLine) {
  EXPECT_EQ(decorated(404, "nothing is served at /x", "/x"), (Parts{"", "nothing is served at /x", "none"}));
  EXPECT_EQ(decorated(400, "two\nlines", ""), (Parts{"", "two lines", "none"}));
}

TEST_F(DecorateErrorTest, TellsNothingOfWhyTheServerFailed) {
  EXPECT_EQ(decorated(500, "open /var/lib: no", "/countapi"),
            (Parts{"0", "the server failed; its log says why", "none"}));
}

TEST_F(DecorateErrorTest, SaysWhenToComeAgain) {
  EXPECT_EQ(decorated(503, "too many connections", ""), (Parts{"", "too many connections", "60"}));
}

TEST_F(DecorateErrorTest, TheBodyIsWhatTheCallTakesForAFailure) {
  EXPECT_EQ(decorated(413, "too long", "/backupinfo"), (Parts{"1", "too long", "none"}));
  EXPECT_EQ(decorated(413, "too long", "/countapi"), (Parts{"0", "too long", "none"}));
  EXPECT_EQ(decorated(413, "too long", "/elsewhere"), (Parts{"", "too long", "none"}));
}

}  // namespace
}  // namespace osbackup::server
