#include "client/server_verdict.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "support/fails_with.hpp"
#include "support/loopback_socket.hpp"
#include "support/scripted_server.hpp"

namespace osbackup::client {
namespace {

using notify::ServerWord;
using notify::ServerWords;
using testing::AllOf;
using testing::HasSubstr;
using Kind = ServerVerdict::Kind;

const archive::ArchiveName kName = *archive::ArchiveName::parse("web1+192.0.2.7+20261123T093000Z.zip");

crypto::Sha256Digest digest(int byte) {
  crypto::Sha256Digest out;
  out.fill(static_cast<std::byte>(byte));
  return out;
}

const FoundArchive kFound{.name = kName, .manifest_sha256 = digest(0xAA)};
const std::string kItsDigest = crypto::to_hex(digest(0xAA));
const std::string kOtherDigest = crypto::to_hex(digest(0xBB));

ServerWord word(const std::string& user, const std::optional<std::string>& manifest_sha256,
                const std::string& hostname = "web1") {
  return {.user = user,
          .hostname = hostname,
          .received_at = "2026-11-23T10:00:00Z",
          .sha256 = {},
          .manifest_sha256 = manifest_sha256};
}

ServerVerdict judge_words(const std::vector<ServerWord>& words) { return judge(kFound, {.words = words}); }

TEST(ServerVerdict, TheDigestThatWasReportedMatches) {
  const ServerVerdict verdict = judge_words({word("agent", kItsDigest)});
  EXPECT_EQ(verdict.kind, Kind::Matches);
  EXPECT_EQ(verdict.text,
            "the manifest of web1+192.0.2.7+20261123T093000Z.zip is the one that user agent reported to the server");
}

TEST(ServerVerdict, SaysWhoReportedWhatMatches) {
  EXPECT_THAT(judge_words({word("web1", kItsDigest), word("db1", kItsDigest), word("web1", kItsDigest)}).text,
              HasSubstr("users db1, web1 reported"));
}

TEST(ServerVerdict, AnotherDigestDiffers) {
  const ServerVerdict verdict = judge_words({word("agent", kOtherDigest)});
  EXPECT_EQ(verdict.kind, Kind::Differs);
  EXPECT_THAT(verdict.text, AllOf(HasSubstr("is " + kOtherDigest + " by the report of user agent of 2026-11-23T10:0"),
                                  HasSubstr("but it has one of " + kItsDigest), HasSubstr("--expect-sha256")));
}

TEST(ServerVerdict, AFalseReportBesideTheTrueOneMakesNoArchiveMatch) {
  std::vector<ServerWord> words = {word("attacker", kItsDigest), word("attacker", kItsDigest),
                                   word("web1", kOtherDigest)};
  do {
    EXPECT_EQ(judge_words(words).kind, Kind::Differs);
    std::rotate(words.begin(), words.begin() + 1, words.end());
  } while (words.back().user != "web1");
}

TEST(ServerVerdict, AFalseReportBesideOneWithoutADigestMakesNoArchiveMatch) {
  EXPECT_EQ(judge_words({word("attacker", kItsDigest), word("web1", std::nullopt)}).kind, Kind::Unknown);
}

TEST(ServerVerdict, AReportOfAnotherHostSaysNothing) {
  const ServerVerdict verdict = judge_words({word("attacker", kItsDigest, "evil")});
  EXPECT_EQ(verdict.kind, Kind::Unknown);
  EXPECT_THAT(verdict.text, HasSubstr("it has reports of it by user attacker, but none is of the host web1"));
  EXPECT_EQ(judge_words({word("attacker", kOtherDigest, "evil"), word("web1", kItsDigest)}).kind, Kind::Matches);
}

TEST(ServerVerdict, MoreReportsThanCanBeSeenDiffer) {
  const ServerVerdict verdict = judge(kFound, {.words = {word("attacker", kItsDigest)}, .more = true});
  EXPECT_EQ(verdict.kind, Kind::Differs);
  EXPECT_THAT(verdict.text, HasSubstr("more reports of it than the server gives at once, such as by user attacker"));
}

TEST(ServerVerdict, AnArchiveThatLostItsManifestDiffers) {
  const ServerVerdict verdict = judge({.name = kName, .manifest_sha256 = {}}, {.words = {word("agent", kItsDigest)}});
  EXPECT_EQ(verdict.kind, Kind::Differs);
  EXPECT_THAT(verdict.text, HasSubstr("but it has no manifest"));
}

TEST(ServerVerdict, WithoutAReportOrADigestNothingIsKnown) {
  EXPECT_EQ(judge_words({}).kind, Kind::Unknown);
  EXPECT_THAT(judge_words({}).text, HasSubstr("it has no report of it"));
  EXPECT_EQ(judge_words({word("agent", std::nullopt)}).kind, Kind::Unknown);
  EXPECT_EQ(judge({.name = kName, .manifest_sha256 = {}}, {.words = {word("agent", std::nullopt)}}).kind,
            Kind::Unknown);
}

TEST(ServerVerdict, AHostsNameIsComparedAsItWasReported) {
  FoundArchive found = kFound;
  found.name.hostname = "web\xFF";
  EXPECT_EQ(judge(found, {.words = {word("agent", kItsDigest, "web\\xff")}}).kind, Kind::Matches);
}

/// Asks a server that gives one answer, whatever it is asked.
class AskServerTest : public testing::Test {
 protected:
  static ServerVerdict verdict_after(const std::string& answer) {
    const test::ScriptedServer server({.greeting = "", .answer = [answer](const std::string& line) {
                                         return line.empty() ? answer : std::string();
                                       }});
    return ask_at(server.port());
  }
  static ServerVerdict ask_at(std::uint16_t port, std::stop_token stop = {}) {
    return ask_server({.host = "127.0.0.1", .port = port, .user = "agent", .password = Secret("secret")}, kFound,
                      std::move(stop));
  }
};

TEST_F(AskServerTest, TheServersWordIsJudged) {
  EXPECT_EQ(verdict_after("HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"backups\":[],\"more\":false}").kind,
            Kind::Unknown);
}

TEST_F(AskServerTest, AServerThatGivesNoWordIsUnheardAndNoFailure) {
  const ServerVerdict old = verdict_after("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(old.kind, Kind::Unheard);
  EXPECT_THAT(old.text, AllOf(HasSubstr("the server's word on web1+192.0.2.7+20261123T093000Z.zip could not be had: "),
                              HasSubstr("it is too old to be asked")));
  EXPECT_EQ(verdict_after("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").kind, Kind::Unheard);
  EXPECT_EQ(verdict_after("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1").kind, Kind::Unheard);
}

TEST_F(AskServerTest, AServerThatIsDownIsUnheard) {
  const std::uint16_t nobodys_port = test::LoopbackListener().port();
  EXPECT_EQ(ask_at(nobodys_port).kind, Kind::Unheard);
}

TEST_F(AskServerTest, AStopIsNoAnswer) {
  const test::LoopbackListener silent;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT([&] { ask_at(silent.port(), stop.get_token()); }, test::fails_with(ErrorKind::Cancelled, "stopped"));
}

}  // namespace
}  // namespace osbackup::client
