#include "transport/http_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/loopback_socket.hpp"
#include "support/scripted_server.hpp"

namespace osbackup::transport {
namespace {

using test::fails_with;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// Answers every request with the same text once its header is complete, and remembers what was asked.
class HttpClientTest : public ::testing::Test {
 protected:
  std::uint16_t serve(const std::string& answer) {
    server_.emplace(test::ScriptedServer::Script{.greeting = "", .answer = [this, answer](const std::string& line) {
                                                   const std::scoped_lock lock(mutex_);
                                                   lines_.push_back(line);
                                                   return line.empty() ? answer : std::string();
                                                 }});
    return server_->port();
  }

  static HttpSettings settings_for(std::uint16_t port) {
    return {.host = "127.0.0.1",
            .port = port,
            .user = "agent",
            .password = Secret("s;crét"),
            .timeout = std::chrono::seconds(5)};
  }

  std::vector<std::string> lines() {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::optional<test::ScriptedServer> server_;
};

TEST_F(HttpClientTest, AnAnswerHasStatusBodyAndHeaders) {
  HttpClient client(settings_for(
      serve("HTTP/1.1 400 Bad Request\r\nX-Osbackup-Error: ip\x1b is missing\r\nContent-Length: 1\r\n\r\n1")));

  const HttpResponse response = client.get("/countapi?ip=192.0.2.1&run=a%20b");

  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "1");
  EXPECT_EQ(response.header("x-osbackup-error"), "ip  is missing");
  EXPECT_EQ(response.header("retry-after"), "");
  EXPECT_THAT(lines(), Contains("GET /countapi?ip=192.0.2.1&run=a%20b HTTP/1.1"));
  EXPECT_THAT(lines(), Contains("Authorization: Basic " + base64_encode("agent:s;crét")));
}

TEST_F(HttpClientTest, ABodyIsPostedWithItsTypeAndWithoutAskingForLeave) {
  HttpClient client(settings_for(serve("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0")));

  const HttpResponse response = client.post(
      "/backupinfo", {.content_type = "application/json", .text = "{}" + std::string(2'000'000, ' ') + "\n"});

  EXPECT_EQ(response.body, "0");
  EXPECT_THAT(lines(), Contains("Content-Type: application/json"));
  EXPECT_THAT(lines(), Contains("Content-Length: 2000003"));
  EXPECT_THAT(lines(), Not(Contains(HasSubstr("Expect"))));
}

TEST_F(HttpClientTest, ARedirectIsAnAnswerAndNotFollowed) {
  HttpClient client(
      settings_for(serve("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")));

  EXPECT_EQ(client.get("/").status, 302);
}

TEST_F(HttpClientTest, AProxyOfTheEnvironmentIsNotAsked) {
  ::setenv("http_proxy", "http://127.0.0.1:1/", 1);
  HttpClient client(settings_for(serve("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n0")));

  EXPECT_EQ(client.get("/").body, "0");
  ::unsetenv("http_proxy");
}

TEST_F(HttpClientTest, AnAnswerWithoutEndIsCutOff) {
  HttpClient client(settings_for(serve("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'))));

  EXPECT_THAT([&] { client.get("/"); }, fails_with(ErrorKind::Corrupt, "the answer is longer than 65536 bytes"));
}

TEST_F(HttpClientTest, AnAnswerMayBeAsLongAsTheCallerSays) {
  HttpClient client(
      settings_for(serve("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'))));

  EXPECT_EQ(client.get("/", 100'000).body.size(), 100'000U);
  EXPECT_THAT([&] { client.get("/", 99'999); },
              fails_with(ErrorKind::Corrupt, "the answer is longer than 99999 bytes"));
}

TEST_F(HttpClientTest, WhatIsNoHttpIsCorrupt) {
  HttpClient client(settings_for(serve("SSH-2.0-OpenSSH\r\n")));

  EXPECT_THAT([&] { client.get("/"); }, fails_with(ErrorKind::Corrupt, "GET http://127.0.0.1"));
}

TEST_F(HttpClientTest, AConnectionThatEndsInTheMiddleIsUnavailable) {
  HttpClient client(settings_for(
      serve(std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0") + test::ScriptedServer::kHangUp)));

  EXPECT_THAT([&] { client.get("/"); }, fails_with(ErrorKind::Unavailable, "GET http://127.0.0.1"));
}

TEST_F(HttpClientTest, AServerThatIsDownIsUnavailable) {
  HttpClient client(settings_for(test::LoopbackListener().port()));

  EXPECT_THAT([&] { client.get("/"); }, fails_with(ErrorKind::Unavailable, "onnect"));
}

TEST_F(HttpClientTest, AServerThatNeverAnswersIsUnavailableAfterTheTimeout) {
  const test::LoopbackListener silent("::1");
  HttpSettings settings = settings_for(silent.port());
  settings.host = "::1";
  settings.timeout = std::chrono::seconds(1);
  HttpClient client(settings);

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT([&] { client.get("/"); }, fails_with(ErrorKind::Unavailable, "GET http://[::1]:"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(4));
}

TEST_F(HttpClientTest, AStopEndsACallAtOnce) {
  const test::LoopbackListener silent;
  std::stop_source stop;
  HttpClient client(settings_for(silent.port()), stop.get_token());
  stop.request_stop();

  EXPECT_THAT([&] { client.get("/"); }, fails_with(ErrorKind::Cancelled, "stopped"));
}

TEST_F(HttpClientTest, AHostThatIsAUrlIsRefused) {
  HttpSettings settings = settings_for(80);
  settings.host = "http://example.com/x";

  EXPECT_THAT([&] { HttpClient client(settings); },
              fails_with(ErrorKind::Usage, "without protocol, port and brackets"));
}

}  // namespace
}  // namespace osbackup::transport
