#include "notify/server_api.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <mutex>

#include "support/fails_with.hpp"
#include "support/loopback_socket.hpp"
#include "support/scripted_server.hpp"

namespace osbackup::notify {
namespace {

using test::fails_with;
using testing::Contains;

constexpr std::string_view kCall = "GET /api/v1/backups: ";

/// A server that gives one answer, whatever it is asked.
class ServerApiTest : public testing::Test {
 protected:
  void answer(const std::string& status, const std::string& body, const std::string& headers = "") {
    const std::string text =
        fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\n\r\n{}", status, headers, body.size(), body);
    server_.emplace(test::ScriptedServer::Script{.greeting = "", .answer = [this, text](const std::string& line) {
                                                   const std::scoped_lock lock(mutex_);
                                                   lines_.push_back(line);
                                                   return line.empty() ? text : std::string();
                                                 }});
    port_ = server_->port();
  }

  ServerWords words_of(const std::string& archive) const {
    transport::HttpClient http({.host = "127.0.0.1", .port = port_, .user = "agent", .password = Secret("secret")});
    return ServerApi(http).words_of(archive);
  }
  auto asking() const {
    return [this] { words_of("a.zip"); };
  }

  std::vector<std::string> lines() {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }

  std::uint16_t port_ = 0;

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::optional<test::ScriptedServer> server_;
};

TEST_F(ServerApiTest, TheServerIsAskedForAnArchiveByItsName) {
  answer("200 OK",
         "{\"backups\":[{\"backupfilename\":\"web 1+192.0.2.7&x.zip\",\"user\":\"agent\",\"hostname\":\"web 1\","
         "\"received_at\":\"2026-11-23T10:00:00Z\"}],\"more\":false}");
  EXPECT_EQ(words_of("web 1+192.0.2.7&x.zip").words.at(0).hostname, "web 1");
  EXPECT_THAT(lines(), Contains("GET /api/v1/backups?backupfilename=web%201%2B192.0.2.7%26x.zip HTTP/1.1"));
}

TEST_F(ServerApiTest, AServerThatDoesNotKnowTheCallIsTooOld) {
  answer("404 Not Found", "", "X-Osbackup-Error: nothing is served at /api/v1/backups\r\n");
  EXPECT_THAT(asking(), fails_with(ErrorKind::NotFound,
                                   std::string(kCall) + "the server answered 404: it is too old to be asked"));
}

TEST_F(ServerApiTest, AUserWhoMayNotReadIsDenied) {
  answer("403 Forbidden", "", "X-Osbackup-Error: not for you\r\n");
  EXPECT_THAT(asking(), fails_with(ErrorKind::Denied, std::string(kCall) + "the server answered 403: not for you"));
}

TEST_F(ServerApiTest, AWrongPasswordIsALoginRefused) {
  answer("401 Unauthorized", "");
  EXPECT_THAT(asking(), fails_with(ErrorKind::LoginRefused, "check [API] user and password"));
}

TEST_F(ServerApiTest, AServerThatIsBusyIsUnavailable) {
  answer("503 Service Unavailable", "", "X-Osbackup-Error: too many queries at once\r\n");
  EXPECT_THAT(asking(), fails_with(ErrorKind::Unavailable, "503: too many queries at once"));
}

TEST_F(ServerApiTest, AServerThatIsDownIsUnavailable) {
  port_ = test::LoopbackListener().port();
  EXPECT_THAT(asking(), fails_with(ErrorKind::Unavailable, "GET http://127.0.0.1"));
}

TEST_F(ServerApiTest, AnAnswerOfSomethingElseIsCorrupt) {
  answer("200 OK", "<html>hello</html>");
  EXPECT_THAT(asking(), fails_with(ErrorKind::Corrupt, std::string(kCall) + "not JSON"));
}

TEST_F(ServerApiTest, AnAnswerMayBeAsLongAsWasPromisedAndNoLonger) {
  const std::string start = "{\"backups\":[],\"more\":false}";
  answer("200 OK", start + std::string(kServerWordsBytesMax - start.size(), ' '));
  EXPECT_TRUE(words_of("a.zip").words.empty());
  answer("200 OK", start + std::string(kServerWordsBytesMax - start.size() + 1, ' '));
  EXPECT_THAT(asking(), fails_with(ErrorKind::Corrupt, "the answer is longer than 1048576 bytes"));
}

}  // namespace
}  // namespace osbackup::notify
