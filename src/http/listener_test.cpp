#include "http/listener.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "support/loopback_client.hpp"

namespace osbackup::http {
namespace {

using test::accepts_connections;
using test::LoopbackClient;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

ListenerOptions loopback_options() {
  return ListenerOptions{.address = "127.0.0.1", .port = 0, .threads = 2, .max_body_bytes = 1000};
}

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    router_.add("GET", "/path",
                [](const Request& request, const Respond& respond) { respond({.body = request.path}); });
    router_.add("GET", "/peer",
                [](const Request& request, const Respond& respond) { respond({.body = request.peer_address}); });
    // Keeps the answer until the test gives it.
    router_.add("GET", "/later", [this](const Request&, Respond respond) { asked_.set_value(std::move(respond)); });
  }

  Router router_;
  std::promise<Respond> asked_;
};

TEST_F(ListenerTest, PortZeroPicksAFreeOne) {
  const Listener first(loopback_options(), router_);
  const Listener second(loopback_options(), router_);

  EXPECT_NE(first.port(), 0);
  EXPECT_NE(first.port(), second.port());
  EXPECT_TRUE(accepts_connections(first.port()));
}

TEST_F(ListenerTest, ATakenPortIsAUsageErrorThatNamesAddressAndPort) {
  const Listener first(loopback_options(), router_);
  ListenerOptions options = loopback_options();
  options.port = first.port();
  try {
    const Listener second(options, router_);
    FAIL() << "two listeners on one port";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_EQ(error.what(),
              fmt::format("listen on 127.0.0.1, port {}: Address already in use; end the program that uses "
                          "it, or choose another port",
                          first.port()));
  }
}

TEST_F(ListenerTest, AnAddressThatIsNotNumericOrNotThisHostsIsAUsageError) {
  for (const char* address : {"localhost", "", "192.0.2.1"}) {
    ListenerOptions options = loopback_options();
    options.address = address;
    try {
      const Listener listener(options, router_);
      ADD_FAILURE() << "listens on " << address;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      EXPECT_THAT(error.what(), StartsWith(fmt::format("listen on {}, port 0: ", address)));
    }
  }
}

TEST_F(ListenerTest, AnIpv4PeerOfAnIpv6ListenerIsShownAsIpv4) {
  ListenerOptions options = loopback_options();
  options.address = "::";
  const Listener listener(options, router_);
  LoopbackClient client(listener.port());

  client.send(get("/peer"));

  EXPECT_EQ(client.receive().body, "127.0.0.1");
}

TEST_F(ListenerTest, TwoHundredConnectionsAtOnceAreAnswered) {
  const Listener listener(loopback_options(), router_);
  std::vector<std::unique_ptr<LoopbackClient>> clients;
  clients.reserve(200);
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<LoopbackClient>(listener.port()));

  for (const auto& client : clients) client->send(get("/path"));

  for (const auto& client : clients) EXPECT_EQ(client->receive().body, "/path");
}

TEST_F(ListenerTest, OneConnectionTooManyIsTold503AndTheOthersGoOn) {
  ListenerOptions options = loopback_options();
  options.max_connections = 2;
  const Listener listener(options, router_);
  LoopbackClient first(listener.port());
  LoopbackClient second(listener.port());
  for (LoopbackClient* client : {&first, &second}) {
    client->send(get("/path"));
    EXPECT_EQ(client->receive().status, 200U);
  }

  LoopbackClient third(listener.port());

  EXPECT_THAT(third.receive_rest(), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Connection: close")));
  first.send(get("/path"));
  EXPECT_EQ(first.receive().status, 200U);
}

TEST_F(ListenerTest, AClosedConnectionMakesRoomForAnother) {
  ListenerOptions options = loopback_options();
  options.max_connections = 1;
  const Listener listener(options, router_);
  for (int i = 0; i < 20; ++i) {
    LoopbackClient client(listener.port());
    client.send("GET /path HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const std::string answer = client.receive_rest();   // To the end: the server has closed it as well.
    if (answer.starts_with("HTTP/1.1 503 ")) continue;  // The last one's end is not counted yet.
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    if (i > 0) return;
  }
  FAIL() << "no second connection was served";
}

/// Leaves room for one more descriptor in this process, while it lives.
class OneDescriptorLeft {
 public:
  OneDescriptorLeft() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest = dup(STDERR_FILENO);
    close(lowest);
    set(static_cast<rlim_t>(lowest) + 1);
  }
  ~OneDescriptorLeft() { set(before_.rlim_cur); }
  OneDescriptorLeft(const OneDescriptorLeft&) = delete;
  OneDescriptorLeft& operator=(const OneDescriptorLeft&) = delete;

 private:
  void set(rlim_t soft) const {
    const rlimit changed{.rlim_cur = soft, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &changed);
  }
  rlimit before_{};
};

TEST_F(ListenerTest, ALackOfDescriptorsIsWarnedOfOnceASecondAndPasses) {
  std::promise<std::chrono::steady_clock::time_point> told[2];
  std::atomic<unsigned> warnings = 0;
  ListenerOptions options = loopback_options();
  options.log_warning = [&](const std::string& text) {
    EXPECT_THAT(text, HasSubstr("cannot accept a connection: "));
    if (const unsigned number = warnings++; number < 2) told[number].set_value(std::chrono::steady_clock::now());
  };
  const Listener listener(options, router_);
  std::optional<OneDescriptorLeft> lack(std::in_place);
  LoopbackClient client(listener.port());

  const auto first = told[0].get_future().get();
  const auto second = told[1].get_future().get();
  lack.reset();

  EXPECT_GE(second - first, std::chrono::seconds(1));
  client.send(get("/path"));
  EXPECT_EQ(client.receive().status, 200U);
}

TEST_F(ListenerTest, AfterStopAcceptingNewConnectionsAreRefusedAndOpenOnesServed) {
  Listener listener(loopback_options(), router_);
  LoopbackClient client(listener.port());
  client.send(get("/path"));
  client.receive();

  listener.stop_accepting();
  listener.stop_accepting();

  EXPECT_FALSE(accepts_connections(listener.port()));
  client.send(get("/path"));
  EXPECT_EQ(client.receive().status, 200U);
}

TEST_F(ListenerTest, StopWaitsForTheAnswerToAnOpenRequestAndEndsIdleConnections) {
  Listener listener(loopback_options(), router_);
  LoopbackClient idle(listener.port());
  idle.send(get("/path"));
  idle.receive();
  LoopbackClient busy(listener.port());
  busy.send(get("/later"));
  const Respond respond = asked_.get_future().get();

  std::jthread stopping([&] { listener.stop(); });
  EXPECT_EQ(idle.receive_rest(), "");  // The stop has begun.
  respond({.body = "done"});

  // All that comes until the connection ends. The answer may have been under way before its session heard of the stop.
  EXPECT_THAT(busy.receive_rest(), AllOf(StartsWith("HTTP/1.1 200 "), HasSubstr("done")));
}

TEST_F(ListenerTest, StopDoesNotWaitForAConnectionThatIsSilent) {
  Listener listener(loopback_options(), router_);
  LoopbackClient silent(listener.port());
  const auto start = std::chrono::steady_clock::now();

  listener.stop();
  listener.stop();

  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(4));
  EXPECT_EQ(silent.receive_rest(), "");
}

TEST_F(ListenerTest, AnAnswerAfterTheListenerIsGoneDoesNothing) {
  auto listener = std::make_unique<Listener>(loopback_options(), router_);
  LoopbackClient client(listener->port());
  client.send(get("/later"));
  Respond respond = asked_.get_future().get();

  listener.reset();  // Gives up after some seconds.

  respond({.body = "too late"});
  respond = nullptr;
  EXPECT_EQ(client.receive_rest(), "");
}

}  // namespace
}  // namespace osbackup::http
