#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "http/listener.hpp"
#include "support/loopback_client.hpp"

namespace osbackup::http {
namespace {

using test::HttpAnswer;
using test::LoopbackClient;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

std::string post(const std::string& header_lines, const std::string& body) {
  return "POST /echo HTTP/1.1\r\nHost: h\r\n" + header_lines + "\r\n" + body;
}

// A listener with short limits, whose own answers are decorated as a server would.
class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    router_.add("POST", "/echo",
                [](const Request& request, const Respond& respond) { respond({.body = request.body}); });
    router_.add("GET", "/query", [](const Request& request, const Respond& respond) {
      respond({.body = std::string(request.query_value("x").value_or("none"))});
    });
    router_.add("GET", "/thread", [this](const Request&, Respond respond) {
      threads_.emplace_back([respond = std::move(respond)] { respond({.body = "from a thread"}); });
    });
    router_.add("GET", "/twice", [](const Request&, const Respond& respond) {
      respond({.body = "first"});
      respond({.body = "second"});
    });
    router_.add("GET", "/dropped", [](const Request&, const Respond&) {});
    router_.add("GET", "/throws", [](const Request&, const Respond&) { throw Error(ErrorKind::Internal, "broken"); });
    ListenerOptions options{.address = "127.0.0.1", .port = 0, .threads = 1, .max_body_bytes = 100'000};
    options.request_timeout = std::chrono::seconds(1);
    options.idle_timeout = std::chrono::seconds(3);
    options.log_debug = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      log_.push_back(line);
    };
    options.log_warning = options.log_debug;
    options.decorate_error = [](Response& response, const std::string& path) {
      response.body = "1";
      response.headers.emplace_back("X-Status", std::to_string(response.status));
      response.headers.emplace_back("X-Path", path);
    };
    listener_ = std::make_unique<Listener>(options, router_);
  }

  std::vector<std::string> log() {
    listener_->stop();
    const std::lock_guard lock(mutex_);
    return log_;
  }

  Router router_;
  std::mutex mutex_;
  std::vector<std::string> log_;
  std::vector<std::jthread> threads_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(SessionTest, AConnectionIsKeptForTheNextRequest) {
  LoopbackClient client(listener_->port());
  for (int i = 0; i < 3; ++i) {
    client.send(post("Content-Length: 2\r\n", "ab"));
    const HttpAnswer answer = client.receive();
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, "ab");
    EXPECT_THAT(answer.head, HasSubstr("Connection: keep-alive"));
  }
}

TEST_F(SessionTest, AConnectionIsClosedWhenTheClientWantsIt) {
  LoopbackClient client(listener_->port());

  client.send("GET /query HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

  EXPECT_THAT(client.receive_rest(), AllOf(HasSubstr("Connection: close"), HasSubstr("none")));
}

TEST_F(SessionTest, AnHttp10RequestIsAnsweredAndTheConnectionClosed) {
  LoopbackClient client(listener_->port());

  client.send("GET /query?x=old HTTP/1.0\r\n\r\n");

  EXPECT_THAT(client.receive_rest(), AllOf(HasSubstr("Connection: close"), HasSubstr("old")));
}

TEST_F(SessionTest, PipelinedRequestsAreAnsweredInOrder) {
  LoopbackClient client(listener_->port());

  client.send(get("/query?x=1") + post("Content-Length: 1\r\n", "2") + get("/thread") + get("/query?x=4"));

  EXPECT_EQ(client.receive().body, "1");
  EXPECT_EQ(client.receive().body, "2");
  EXPECT_EQ(client.receive().body, "from a thread");
  EXPECT_EQ(client.receive().body, "4");
}

TEST_F(SessionTest, ALargeBodyArrivesWhole) {
  LoopbackClient client(listener_->port());
  const std::string body(100'000, 'x');

  client.send(post("Content-Length: 100000\r\n", body));

  EXPECT_EQ(client.receive().body, body);
}

TEST_F(SessionTest, ABodyThatWaitsForPermissionIsAskedFor) {
  LoopbackClient client(listener_->port());

  client.send(post("Content-Length: 2\r\nExpect: 100-continue\r\n", ""));

  EXPECT_EQ(client.receive().head, "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ab");
  EXPECT_EQ(client.receive().body, "ab");
}

TEST_F(SessionTest, ABodyThatWaitsForPermissionAndIsTooLargeIsRefusedUnsent) {
  LoopbackClient client(listener_->port());

  client.send(post("Content-Length: 100001\r\nExpect: 100-continue\r\n", ""));

  EXPECT_EQ(client.receive().status, 413U);
}

TEST_F(SessionTest, ATooLargeBodyThatIsSentAnywayGetsItsAnswer) {
  LoopbackClient client(listener_->port());
  client.send(post("Content-Length: 3000000\r\n", std::string(3'000'000, 'x')));
  client.end_sending();

  EXPECT_THAT(client.receive_rest(), AllOf(StartsWith("HTTP/1.1 413 "), HasSubstr("Connection: close")));
}

TEST_F(SessionTest, ABadRequestIsAnsweredOnceAndTheConnectionClosed) {
  LoopbackClient client(listener_->port());
  client.send(get("/query") + "nonsense\r\n\r\n" + get("/query"));
  client.end_sending();

  EXPECT_EQ(client.receive().status, 200U);
  EXPECT_EQ(client.receive().status, 400U);
  EXPECT_EQ(client.receive_rest(), "");
}

TEST_F(SessionTest, TheListenersOwnAnswersAreDecoratedAndTheirCauseIsLogged) {
  LoopbackClient client(listener_->port());
  client.send(get("/nothing"));
  const HttpAnswer unknown = client.receive();
  client.send("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'));
  const HttpAnswer too_large = client.receive();

  EXPECT_EQ(unknown.status, 404U);
  EXPECT_EQ(unknown.body, "1");
  EXPECT_THAT(unknown.head, HasSubstr("X-Status: 404\r\n"));
  EXPECT_EQ(too_large.status, 431U);
  EXPECT_THAT(too_large.head, HasSubstr("X-Status: 431\r\n"));
  EXPECT_THAT(log(), Contains("127.0.0.1: answered 404: nothing is served at /nothing"));
}

TEST_F(SessionTest, TheListenersOwnAnswersKnowThePathAsSoonAsItHasCome) {
  const auto path_of_answer_to = [this](const std::string& request) {
    LoopbackClient client(listener_->port());
    client.send(request);
    const std::string head = client.receive().head;
    const std::size_t begin = head.find("X-Path: ") + 8;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  };
  EXPECT_EQ(path_of_answer_to(get("/n%6Fthing?x=1")), "/nothing");
  EXPECT_EQ(path_of_answer_to("PUT /echo HTTP/1.1\r\nHost: h\r\n\r\n"), "/echo");
  EXPECT_EQ(path_of_answer_to(get("/throws")), "/throws");
  EXPECT_EQ(path_of_answer_to(post("Content-Length: 100001\r\n", "")), "/echo");
  EXPECT_EQ(path_of_answer_to(post("Transfer-Encoding: chunked\r\n", "30000\r\n")), "/echo");
  EXPECT_EQ(path_of_answer_to(post("Content-Length: 2\r\n", "a")), "/echo");
  EXPECT_EQ(path_of_answer_to("nonsense\r\n\r\n"), "");
}

TEST_F(SessionTest, ARequestThatStopsComingIs408AfterTheTimeout) {
  LoopbackClient client(listener_->port());

  client.send("GET /query HTTP/1.1\r\nHos");

  EXPECT_EQ(client.receive().status, 408U);
  client.end_sending();
  EXPECT_EQ(client.receive_rest(), "");
}

TEST_F(SessionTest, ABodyThatStopsComingIs408AfterTheTimeout) {
  LoopbackClient client(listener_->port());

  client.send(post("Content-Length: 5\r\n", "ab"));

  EXPECT_EQ(client.receive().status, 408U);
}

TEST_F(SessionTest, AConnectionOnWhichNothingComesIsClosedInSilence) {
  LoopbackClient client(listener_->port());

  EXPECT_EQ(client.receive_rest(), "");
}

TEST_F(SessionTest, AnIdleConnectionIsKeptLongerThanARequestMayTake) {
  LoopbackClient client(listener_->port());
  client.send(get("/query"));
  client.receive();
  LoopbackClient silent(listener_->port());
  EXPECT_EQ(silent.receive_rest(), "");  // The timeout for a request has passed.

  client.send(get("/query?x=still+here"));

  EXPECT_EQ(client.receive().body, "still here");
  EXPECT_EQ(client.receive_rest(), "");  // The longer one has passed as well.
}

TEST_F(SessionTest, AnAnswerMayTakeLongerThanARequest) {
  std::promise<Respond> asked;
  Router router;
  router.add("GET", "/", [&](const Request&, Respond respond) { asked.set_value(std::move(respond)); });
  const Listener listener({.address = "127.0.0.1", .request_timeout = std::chrono::seconds(1)}, router);
  LoopbackClient client(listener.port());
  client.send(get("/"));
  const Respond respond = asked.get_future().get();
  LoopbackClient silent(listener.port());
  EXPECT_EQ(silent.receive_rest(), "");  // The timeout for a request has passed.

  respond({.body = "late"});

  EXPECT_EQ(client.receive().body, "late");
}

TEST_F(SessionTest, OnlyTheFirstAnswerCounts) {
  LoopbackClient client(listener_->port());

  client.send(get("/twice") + get("/query?x=next"));

  EXPECT_EQ(client.receive().body, "first");
  EXPECT_EQ(client.receive().body, "next");
}

TEST_F(SessionTest, AHandlerThatEndsWithoutAnAnswerIs500) {
  LoopbackClient client(listener_->port());

  client.send(get("/dropped"));

  EXPECT_EQ(client.receive().status, 500U);
  client.send(get("/query?x=next"));
  EXPECT_EQ(client.receive().body, "next");
  EXPECT_THAT(log(), Contains(HasSubstr("the handler ended without an answer")));
}

TEST_F(SessionTest, AHandlerThatThrowsIs500AndSaysNothingOfWhy) {
  LoopbackClient client(listener_->port());

  client.send(get("/throws"));

  const HttpAnswer answer = client.receive();
  EXPECT_EQ(answer.status, 500U);
  EXPECT_THAT(answer.head + answer.body, Not(HasSubstr("broken")));
  EXPECT_THAT(log(), Contains(HasSubstr("broken")));
}

TEST_F(SessionTest, AnAnswerToHeadHasNoBody) {
  LoopbackClient client(listener_->port());

  client.send("HEAD /query HTTP/1.1\r\nHost: h\r\n\r\n" + get("/query?x=next"));

  const HttpAnswer answer = client.receive(true);
  EXPECT_EQ(answer.status, 405U);
  EXPECT_THAT(answer.head, AllOf(HasSubstr("Allow: GET\r\n"), HasSubstr("Content-Length: 1\r\n")));
  EXPECT_EQ(client.receive().body, "next");
}

TEST_F(SessionTest, AClientThatLeavesInTheMiddleDoesNoHarm) {
  for (const std::string& bytes : {std::string("GE"), post("Content-Length: 9\r\n", "abc"), get("/thread")}) {
    LoopbackClient client(listener_->port());
    client.send(bytes);
  }
  LoopbackClient client(listener_->port());

  client.send(get("/query?x=fine"));

  EXPECT_EQ(client.receive().body, "fine");
}

}  // namespace
}  // namespace osbackup::http
