#include "storage/sftp_destination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/loopback_socket.hpp"
#include "support/random_bytes.hpp"
#include "support/scripted_server.hpp"
#include "support/sftp_server.hpp"
#include "support/tolerated_leaks.hpp"

namespace osbackup::storage {
namespace {

using test::fails_with;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

transport::SftpSettings settings_for(const test::SftpServer& server) {
  return {.host = server.host(),
          .port = server.port(),
          .user = server.user(),
          .private_key = Secret(server.private_key()),
          .known_hosts = server.known_hosts(),
          .known_hosts_place = "/the/known_hosts",
          .timeout = std::chrono::seconds(10)};
}

transport::SftpSettings settings_for_port(std::uint16_t port) {
  return {.host = "127.0.0.1",
          .port = port,
          .user = "ftp",
          .password = Secret("hunter2"),
          .timeout = std::chrono::seconds(1)};
}

std::string as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// How often a text occurs.
std::size_t count_of(const std::string& words, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1)) ++count;
  return count;
}

class SftpDestinationTest : public ::testing::Test {
 protected:
  std::string file_text(const std::string& name) const { return test::text_of(server_.root() / name); }

  void store(const std::string& name) {
    const std::unique_ptr<Upload> upload = destination_.begin(name + ".part");
    upload->append(content_);
    upload->commit(name);
  }

  bool has_range(const std::string& name, std::uint64_t offset, std::size_t count) {
    std::vector<std::byte> bytes(count);
    destination_.read(name, offset, bytes);
    return std::equal(bytes.begin(), bytes.end(), content_.begin() + static_cast<std::ptrdiff_t>(offset));
  }

  /// Sends what is missing, as a delivery does.
  void send_rest(Upload& upload) const {
    const std::uint64_t held = upload.stored();
    upload.append(std::span(content_).subspan(held));
    EXPECT_EQ(upload.stored(), content_.size());
  }

  test::SftpServer server_;
  SftpDestination destination_{settings_for(server_), "archives"};
  const std::vector<std::byte> content_ = test::random_bytes({.size = 3'000'000, .seed = 12});
};

TEST_F(SftpDestinationTest, ListingAndReadingRangesAnywhereAreOneLogin) {
  store("object");

  destination_.list("");
  EXPECT_TRUE(has_range("object", 1'000'000, 100'000));
  EXPECT_TRUE(has_range("object", 0, 10));
  EXPECT_TRUE(has_range("object", 2'999'999, 1));
  destination_.list("");

  EXPECT_EQ(destination_.traffic(), (Traffic{.logins = 1, .reads = 3, .bytes_read = 100'011}));
  EXPECT_EQ(count_of("Accepted publickey", server_.log()), 1U);
}

TEST_F(SftpDestinationTest, AStreamThatIsGivenUpKeepsTheLogin) {
  store("object");

  destination_.stream("object", 0, content_.size())->skip(1'000'000);
  destination_.stream("object", 0, content_.size());

  EXPECT_TRUE(has_range("object", 5, 5));
  EXPECT_EQ(destination_.traffic().logins, 1U);
}

TEST_F(SftpDestinationTest, AnUploadGoesOnAfterTheConnectionBroke) {
  const std::unique_ptr<Upload> upload = destination_.begin("object.part");
  upload->append(std::span(content_).first(1'000'000));
  upload->stored();
  upload->append(std::span(content_).subspan(1'000'000, 1'000'000));

  server_.cut_sessions();

  EXPECT_THAT(
      [&] {
        upload->append(std::span(content_).subspan(2'000'000));
        upload->stored();
      },
      fails_with(ErrorKind::Unavailable, "upload archives/object.part"));
  send_rest(*upload);
  upload->commit("object");
  EXPECT_TRUE(file_text("archives/object") == as_text(content_));
  EXPECT_EQ(destination_.traffic().logins, 2U);
}

TEST_F(SftpDestinationTest, AnUploadGoesOnAfterTheServerWasAway) {
  const std::unique_ptr<Upload> upload = destination_.begin("object.part");
  upload->append(std::span(content_).first(1'000'000));
  upload->stored();

  server_.stop();
  EXPECT_THAT([&] { upload->stored(); }, fails_with(ErrorKind::Unavailable, ""));
  EXPECT_THAT([&] { upload->stored(); }, fails_with(ErrorKind::Unavailable, "connect to 127.0.0.1"));
  server_.start();

  send_rest(*upload);
  upload->commit("object");
  EXPECT_TRUE(file_text("archives/object") == as_text(content_));
}

TEST_F(SftpDestinationTest, AReadWhoseConnectionBreaksIsUnavailableAndTheNextLogsInAgain) {
  store("object");
  const std::unique_ptr<ByteSource> stream = destination_.stream("object", 0, content_.size());
  std::vector<std::byte> bytes(content_.size());
  stream->read(std::span(bytes).first(1));

  server_.cut_sessions();

  EXPECT_THAT([&] { stream->read(bytes); }, fails_with(ErrorKind::Unavailable, "read archives/object"));
  EXPECT_TRUE(has_range("object", 0, 1'000));
}

TEST_F(SftpDestinationTest, ALoginThatTheServerEndedMeanwhileIsNotUsed) {
  store("object");

  server_.cut_sessions();

  EXPECT_TRUE(has_range("object", 0, 1'000));
  EXPECT_EQ(destination_.traffic().logins, 2U);
}

TEST_F(SftpDestinationTest, AServerThatFallsSilentEndsTheUploadInTime) {
  transport::SftpSettings impatient = settings_for(server_);
  impatient.timeout = std::chrono::seconds(1);
  SftpDestination destination(impatient, "archives");
  const std::unique_ptr<Upload> upload = destination.begin("object.part");

  server_.freeze();
  EXPECT_THAT([&] { upload->append(content_); },
              fails_with(ErrorKind::Unavailable, "upload archives/object.part: the server has not answered for 1 s"));

  server_.thaw();
}

TEST_F(SftpDestinationTest, AServerThatFallsSilentEndsAReadInTime) {
  transport::SftpSettings impatient = settings_for(server_);
  impatient.timeout = std::chrono::seconds(1);
  SftpDestination destination(impatient, "archives");
  store("object");
  const std::unique_ptr<ByteSource> stream = destination.stream("object", 0, content_.size());
  std::vector<std::byte> bytes(content_.size());

  server_.freeze();
  EXPECT_THAT([&] { stream->read(bytes); }, fails_with(ErrorKind::Unavailable, "the server has not answered for 1 s"));

  server_.thaw();
}

TEST_F(SftpDestinationTest, AStopEndsWhatGoesOnAndLeavesNothing) {
  std::stop_source stop;
  SftpDestination destination(settings_for(server_), "archives", stop.get_token());
  std::unique_ptr<Upload> upload = destination.begin("object.part");
  upload->append(content_);

  stop.request_stop();

  EXPECT_THAT([&] { upload->append(content_); }, fails_with(ErrorKind::Cancelled, "stopped"));
  EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Cancelled, "stopped"));
  upload.reset();
  EXPECT_TRUE(std::filesystem::is_empty(server_.root() / "archives"));
}

TEST_F(SftpDestinationTest, WhatItMakesIsItsUsersAlone) {
  store("object");

  using std::filesystem::perms;
  const auto others = perms::group_all | perms::others_all;
  for (const char* name : {"archives", "archives/object"})
    EXPECT_EQ(std::filesystem::status(server_.root() / name).permissions() & others, perms::none) << name;
}

TEST_F(SftpDestinationTest, DirectoriesAreNotListedAndLinksToFilesAre) {
  store("object");
  std::filesystem::create_directory(server_.root() / "archives/directory");
  std::filesystem::create_symlink("object", server_.root() / "archives/link");
  std::filesystem::create_symlink("directory", server_.root() / "archives/link to directory");
  std::filesystem::create_symlink("nothing", server_.root() / "archives/link to nothing");

  EXPECT_THAT(destination_.list(""), ElementsAre(ObjectInfo{"link", 3'000'000}, ObjectInfo{"object", 3'000'000}));
}

TEST_F(SftpDestinationTest, TheLoginDirectoryAndAbsoluteOnesCanBeUsed) {
  SftpDestination top(settings_for(server_), "");
  SftpDestination absolute(settings_for(server_), (server_.root() / "absolute/-b/").string());

  top.begin("object.part")->commit("object");
  absolute.begin("object.part")->commit("object");

  EXPECT_THAT(top.list("obj"), ElementsAre(ObjectInfo{"object", 0}));
  EXPECT_THAT(absolute.list(""), ElementsAre(ObjectInfo{"object", 0}));
  EXPECT_TRUE(std::filesystem::exists(server_.root() / "absolute/-b/object"));
}

TEST_F(SftpDestinationTest, AServerThatIsNotKnownIsToldNothing) {
  transport::SftpSettings unknown = settings_for(server_);
  unknown.known_hosts = "other " + unknown.known_hosts.substr(unknown.known_hosts.find(' ') + 1);
  SftpDestination destination(unknown, "archives");

  EXPECT_THAT([&] { destination.list(""); },
              fails_with(ErrorKind::Refused,
                         "is not in /the/known_hosts: compare it with the server's own (ssh-keygen -l "
                         "-f), and add what this prints: ssh-keyscan -p "));
  EXPECT_THAT([&] { destination.begin("object.part"); }, fails_with(ErrorKind::Refused, "its host key SHA256:"));
  EXPECT_THAT(server_.log(), Not(HasSubstr("user ftp")));
  EXPECT_EQ(destination.traffic().logins, 0U);
}

TEST_F(SftpDestinationTest, AServerWithAnotherKeyIsToldNothing) {
  const test::SftpServer other;
  transport::SftpSettings changed = settings_for(server_);
  changed.known_hosts = server_.known_hosts().substr(0, server_.known_hosts().find(' ')) +
                        other.known_hosts().substr(other.known_hosts().find(' '));
  SftpDestination destination(changed, "archives");

  EXPECT_THAT([&] { destination.list(""); },
              fails_with(ErrorKind::Refused, "is not the one in /the/known_hosts: somebody else may answer there."));
  EXPECT_THAT(server_.log(), Not(HasSubstr("user ftp")));
}

TEST_F(SftpDestinationTest, AKeyThatTheServerDoesNotKnowIsARefusedLogin) {
  transport::SftpSettings wrong = settings_for(server_);
  wrong.private_key = Secret(test::made_private_key());
  SftpDestination destination(wrong, "archives");

  EXPECT_THAT([&] { destination.begin("object.part"); },
              fails_with(ErrorKind::LoginRefused, "the server refuses the login: check [Ftp] user and private_key"));
}

TEST_F(SftpDestinationTest, APasswordThatTheServerDoesNotTakeIsARefusedLogin) {
  transport::SftpSettings wrong = settings_for(server_);
  wrong.private_key = Secret();
  wrong.password = Secret("wrong horse");
  SftpDestination destination(wrong, "archives");

  EXPECT_THAT([&] { destination.list(""); },
              ::testing::Throws<Error>(AllOf(
                  ::testing::Property("kind", &Error::kind, ErrorKind::LoginRefused),
                  ::testing::Property("what", &Error::what,
                                      AllOf(HasSubstr("check [Ftp] user and password"), Not(HasSubstr("horse")))))));
}

TEST_F(SftpDestinationTest, AKeyWithAPassPhraseOrWithoutSenseIsAMatterOfTheConfiguration) {
  for (const std::string& key :
       {test::made_private_key("ed25519", "pass phrase"), std::string("no key"), server_.known_hosts()}) {
    transport::SftpSettings wrong = settings_for(server_);
    wrong.private_key = Secret(key);
    SftpDestination destination(wrong, "archives");

    EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Usage, "ssh-keygen -t ed25519 -N ''")) << key;
  }
}

TEST(SftpDestination, KnowsServersByEcdsaKeysToo) {
  const test::SftpServer server({.host_key_type = "ecdsa"});
  SftpDestination destination(settings_for(server), "");

  EXPECT_THAT(destination.list(""), IsEmpty());
}

TEST(SftpDestination, NewKeysInTheMiddleDisturbNothing) {
  const test::ToleratedLeaks tolerated;  // libssh2 1.10 loses a host key with each exchange.
  const test::SftpServer server({.configuration = "RekeyLimit 1M\n"});
  SftpDestination destination(settings_for(server), "");
  const std::vector<std::byte> bytes = test::random_bytes({.size = 8'000'000, .seed = 1});

  const std::unique_ptr<Upload> upload = destination.begin("object.part");
  upload->append(bytes);
  upload->commit("object");
  std::vector<std::byte> out(bytes.size());
  destination.stream("object", 0, bytes.size())->read(out);

  EXPECT_TRUE(out == bytes);
}

TEST(SftpDestination, AServerThatHasWeakMethodsAloneIsNotUsed) {
  const test::SftpServer server({.configuration = "MACs hmac-sha1\n"});
  SftpDestination destination(settings_for(server), "");

  EXPECT_THAT([&] { destination.list(""); },
              fails_with(ErrorKind::Refused, "it knows no method of SSH that is safe and known here"));
}

TEST(SftpDestination, AServerThatForbidsWritingDenies) {
  const test::SftpServer server({.sftp_arguments = "-R"});
  SftpDestination destination(settings_for(server), "");

  EXPECT_THAT([&] { destination.begin("object.part"); },
              fails_with(ErrorKind::Denied, "the server forbids it: check what it lets this user do there"));
}

TEST(SftpDestination, ADirectoryThatMayNotBeWrittenOrReadDenies) {
  const test::SftpServer server;
  std::filesystem::create_directory(server.root() / "archives");  // Root's, not the server's.
  SftpDestination destination(settings_for(server), "archives");
  EXPECT_THAT([&] { destination.begin("object.part"); }, fails_with(ErrorKind::Denied, "upload archives/object.part"));

  ::chmod((server.root() / "archives").c_str(), 0700);
  EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Denied, "list \"archives\""));
}

TEST(SftpDestination, AServerThatForbidsReadingTakesUploadsAndDeniesReads) {
  const test::SftpServer server({.sftp_arguments = "-P read"});
  SftpDestination destination(settings_for(server), "archives");
  const std::vector<std::byte> bytes = test::random_bytes({.size = 1'000, .seed = 1});
  const std::unique_ptr<Upload> upload = destination.begin("object.part");
  upload->append(bytes);
  EXPECT_EQ(upload->stored(), 1'000U);

  std::vector<std::byte> out(10);
  EXPECT_THAT([&] { upload->read(0, out); }, fails_with(ErrorKind::Denied, "read archives/object.part"));

  upload->commit("object");
  EXPECT_THAT([&] { destination.read("object", 0, out); }, fails_with(ErrorKind::Denied, "read archives/object"));
}

TEST(SftpDestination, AFullDiskAtTheServerIsNamed) {
  const test::SftpServer server({.disk_bytes = 1U << 20U});
  SftpDestination destination(settings_for(server), "");
  const std::vector<std::byte> bytes = test::random_bytes({.size = 8'000'000, .seed = 1});
  const std::unique_ptr<Upload> upload = destination.begin("object.part");

  EXPECT_THAT([&] { upload->append(bytes); },
              fails_with(ErrorKind::NoSpace, "the disk of the SFTP server is full: make room there"));
}

TEST(SftpDestination, AServerWithoutSftpDenies) {
  const test::SftpServer server({.has_sftp = false});
  SftpDestination destination(settings_for(server), "");

  EXPECT_THAT([&] { destination.list(""); },
              fails_with(ErrorKind::Denied, "log in to 127.0.0.1 as ftp: the server offers no SFTP to this user"));
}

TEST(SftpDestination, AHostThatIsDownIsUnavailable) {
  const std::uint16_t port = test::LoopbackListener().port();
  SftpDestination destination(settings_for_port(port), "");

  EXPECT_THAT([&] { destination.begin("object.part"); }, fails_with(ErrorKind::Unavailable, "onnect"));
}

TEST(SftpDestination, AServerThatNeverAnswersIsUnavailableAfterTheTimeout) {
  const test::LoopbackListener silent;
  SftpDestination destination(settings_for_port(silent.port()), "");

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Unavailable, "has not answered for 1 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(SftpDestination, AServerThatSpeaksSomethingElseIsUnavailable) {
  const test::ScriptedServer server(
      {.greeting = "220 an FTP server\r\n", .answer = [](const std::string&) { return std::string("500 what?\r\n"); }});
  SftpDestination destination(settings_for_port(server.port()), "");

  EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Unavailable, "connect to 127.0.0.1"));
}

}  // namespace
}  // namespace osbackup::storage
