#include "storage/ftp_destination.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/ftp_server.hpp"
#include "support/loopback_socket.hpp"
#include "support/random_bytes.hpp"
#include "support/scripted_server.hpp"

namespace osbackup::storage {
namespace {

using test::fails_with;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

transport::FtpSettings settings_for_port(std::uint16_t port,
                                         std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
  return {.host = "127.0.0.1", .port = port, .user = "ftp", .password = Secret("hunter2"), .timeout = timeout};
}

transport::FtpSettings settings_for(const test::FtpServer& server) {
  return {.host = server.host(),
          .port = server.port(),
          .user = server.user(),
          .password = Secret(server.password()),
          .timeout = std::chrono::seconds(10)};
}

class FtpDestinationTest : public ::testing::Test {
 protected:
  std::string file_text(const std::string& name) const { return test::text_of(server_.root() / name); }

  static std::string as_text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  void store(const std::string& name) {
    const std::unique_ptr<Upload> upload = destination_.begin(name + ".part");
    upload->append(content_);
    upload->commit(name);
  }

  /// Whether the object's last bytes are read as they were stored.
  bool tail_of(const std::string& name, std::size_t bytes) {
    std::vector<std::byte> tail(bytes);
    destination_.read(name, content_.size() - bytes, tail);
    return std::equal(tail.rbegin(), tail.rend(), content_.rbegin());
  }

  /// Appends until the upload fails with Unavailable.
  void append_until_unavailable(Upload& upload) const {
    EXPECT_THAT(
        [&] {
          for (int i = 0; i < 1'000; ++i) upload.append(content_);
        },
        fails_with(ErrorKind::Unavailable, "upload "));
  }

  /// Sends what is missing, as a delivery does.
  void send_rest(Upload& upload) const {
    const std::uint64_t held = upload.stored();
    upload.append(std::span(content_).subspan(held));
    EXPECT_EQ(upload.stored(), content_.size());
  }

  test::FtpServer server_;
  FtpDestination destination_{settings_for(server_), "archives"};
  const std::vector<std::byte> content_ = test::random_bytes({.size = 3'000'000, .seed = 11});
};

TEST_F(FtpDestinationTest, AnUploadGoesOnAfterTheConnectionBroke) {
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
  EXPECT_THAT(server_.log(), HasSubstr("APPE archives/object.part"));
}

TEST_F(FtpDestinationTest, AnUploadGoesOnAfterTheServerWasAway) {
  const std::unique_ptr<Upload> upload = destination_.begin("object.part");
  upload->append(std::span(content_).first(1'000'000));
  upload->stored();

  server_.stop();
  EXPECT_THAT([&] { upload->stored(); }, fails_with(ErrorKind::Unavailable, "archives/object.part"));
  EXPECT_THAT([&] { upload->stored(); }, fails_with(ErrorKind::Unavailable, "archives/object.part"));
  server_.start();

  send_rest(*upload);
  upload->commit("object");
  EXPECT_TRUE(file_text("archives/object") == as_text(content_));
}

TEST_F(FtpDestinationTest, BytesThatArriveTwiceMakeTheUploadBeginAnew) {
  const std::unique_ptr<Upload> upload = destination_.begin("object.part");
  upload->append(std::span(content_).first(1'000'000));
  upload->stored();
  std::ofstream(server_.root() / "archives/object.part", std::ios::app) << "late bytes";

  EXPECT_THAT([&] { upload->stored(); }, fails_with(ErrorKind::Unavailable, "the upload begins anew"));
  EXPECT_EQ(upload->stored(), 0U);

  send_rest(*upload);
  upload->commit("object");
  EXPECT_TRUE(file_text("archives/object") == as_text(content_));
}

TEST_F(FtpDestinationTest, AServerThatHoldsFewerBytesIsSeen) {
  const std::unique_ptr<Upload> upload = destination_.begin("object.part");
  upload->append(content_);
  upload->stored();
  std::filesystem::resize_file(server_.root() / "archives/object.part", 5);

  EXPECT_THAT([&] { upload->commit("object"); }, fails_with(ErrorKind::Unavailable, "holds 5 of 3000000 bytes"));
  EXPECT_FALSE(std::filesystem::exists(server_.root() / "archives/object"));
}

TEST_F(FtpDestinationTest, AServerThatFallsSilentInTheMiddleEndsTheUploadInTime) {
  transport::FtpSettings impatient = settings_for(server_);
  impatient.timeout = std::chrono::seconds(1);
  FtpDestination destination(impatient, "archives");
  const std::unique_ptr<Upload> upload = destination.begin("object.part");

  server_.freeze();
  append_until_unavailable(*upload);

  server_.thaw();
  server_.cut_sessions();
}

TEST_F(FtpDestinationTest, PausesLongerThanTheTimeoutDoNotEndAnUpload) {
  transport::FtpSettings impatient = settings_for(server_);
  impatient.timeout = std::chrono::milliseconds(400);
  FtpDestination destination(impatient, "archives");
  // What is tested is the time itself; longer also than the whole second that libcurl's own limit is rounded up to.
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(1'300)); };
  const std::unique_ptr<Upload> upload = destination.begin("object.part");

  pause();
  upload->append(std::span(content_).first(1'000'000));
  pause();
  upload->append(std::span(content_).subspan(1'000'000));
  pause();

  EXPECT_EQ(upload->stored(), content_.size());
  upload->commit("object");
  EXPECT_TRUE(file_text("archives/object") == as_text(content_));
}

TEST_F(FtpDestinationTest, AListAndTheReadOfATailAndAnotherListAreOneLogin) {
  store("object");

  destination_.list("");
  EXPECT_TRUE(tail_of("object", 128U << 10U));
  destination_.list("");

  EXPECT_EQ(destination_.traffic(), (Traffic{.logins = 1, .reads = 1, .bytes_read = 128U << 10U}));
}

TEST_F(FtpDestinationTest, AReadThatEndsBeforeItsObjectCostsTheNextCallALogin) {
  store("object");
  std::vector<std::byte> middle(100'000);

  destination_.read("object", 1'000'000, middle);
  EXPECT_EQ(destination_.traffic().logins, 1U);
  destination_.list("");

  EXPECT_TRUE(std::equal(middle.begin(), middle.end(), content_.begin() + 1'000'000));
  EXPECT_EQ(destination_.traffic().logins, 2U);
}

TEST_F(FtpDestinationTest, TheLoginThatIsLeftIsUsedBeforeThereIsAnother) {
  store("object");
  std::vector<std::byte> middle(100);
  const std::unique_ptr<ByteSource> tail = destination_.stream("object", content_.size() - 10, 10);
  const std::unique_ptr<ByteSource> cut = destination_.stream("object", 0, 10);
  EXPECT_EQ(destination_.traffic().logins, 2U);

  tail->skip(10);
  cut->skip(10);
  destination_.list("");
  destination_.list("");

  EXPECT_EQ(destination_.traffic().logins, 2U);
}

TEST_F(FtpDestinationTest, ReadingBackTheEndOfAnUploadCostsNoLogin) {
  const std::unique_ptr<Upload> upload = destination_.begin("object.part");
  upload->append(content_);
  upload->stored();
  std::vector<std::byte> end(1'000'000);

  upload->read(2'000'000, end);
  upload->commit("object");

  EXPECT_TRUE(std::equal(end.begin(), end.end(), content_.begin() + 2'000'000));
  EXPECT_EQ(destination_.traffic().logins, 1U);
}

TEST_F(FtpDestinationTest, NestedDirectoriesAreMade) {
  FtpDestination nested(settings_for(server_), "a/-b/c d/");
  EXPECT_THAT(nested.list(""), IsEmpty());

  nested.begin("object.part")->commit("object");

  EXPECT_TRUE(std::filesystem::exists(server_.root() / "a/-b/c d/object"));
  EXPECT_THAT(nested.list(""), ElementsAre(ObjectInfo{"object", 0}));
}

TEST_F(FtpDestinationTest, AnAbsoluteDirectoryIsNotTakenForARelativeOne) {
  FtpDestination absolute(settings_for(server_), (server_.root() / "absolute").string());

  absolute.begin("object.part")->commit("object");

  EXPECT_TRUE(std::filesystem::exists(server_.root() / "absolute/object"));
  EXPECT_THAT(absolute.list(""), ElementsAre(ObjectInfo{"object", 0}));
  absolute.remove("object");
  EXPECT_THAT(absolute.list(""), IsEmpty());
}

TEST_F(FtpDestinationTest, TheLoginDirectoryItselfCanBeUsed) {
  FtpDestination top(settings_for(server_), "");

  top.begin("object.part")->commit("object");

  EXPECT_TRUE(std::filesystem::exists(server_.root() / "object"));
  EXPECT_THAT(top.list("obj"), ElementsAre(ObjectInfo{"object", 0}));
}

TEST_F(FtpDestinationTest, DirectoriesAreNotListed) {
  destination_.begin("object.part")->commit("object");
  std::filesystem::create_directory(server_.root() / "archives/directory");

  EXPECT_THAT(destination_.list(""), ElementsAre(ObjectInfo{"object", 0}));
}

TEST_F(FtpDestinationTest, ADirectoryThatWouldEndACommandIsRefused) {
  FtpDestination evil(settings_for(server_), "x\r\nDELE y");

  EXPECT_THAT([&] { evil.begin("object.part"); }, fails_with(ErrorKind::Usage, "control characters"));
}

TEST_F(FtpDestinationTest, ARefusedLoginSaysWhatToCheckAndNotThePassword) {
  transport::FtpSettings wrong = settings_for(server_);
  wrong.password = Secret("wrong horse");
  FtpDestination destination(wrong, "archives");

  try {
    destination.begin("object.part");
    FAIL() << "logged in with a wrong password";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::LoginRefused);
    EXPECT_THAT(error.what(), HasSubstr("530 Login incorrect."));
    EXPECT_THAT(error.what(), HasSubstr("check [Ftp] user and password"));
    EXPECT_THAT(error.what(), Not(HasSubstr("horse")));
  }
}

TEST_F(FtpDestinationTest, AStopEndsWhatGoesOnAndLeavesNothing) {
  std::stop_source stop;
  FtpDestination destination(settings_for(server_), "archives", stop.get_token());
  std::unique_ptr<Upload> upload = destination.begin("object.part");
  upload->append(content_);

  stop.request_stop();

  EXPECT_THAT([&] { upload->append(content_); }, fails_with(ErrorKind::Cancelled, "stopped"));
  EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Cancelled, "stopped"));
  upload.reset();
  EXPECT_TRUE(std::filesystem::is_empty(server_.root() / "archives"));
}

TEST(FtpDestination, AStopWaitsForAServerThatIsAboutToMakeTheFile) {
  const test::LoopbackListener data;
  std::vector<std::string> asked;
  std::stop_source stop;
  {
    const test::ScriptedServer server(
        {.greeting = "220 hello\r\n", .answer = [&](const std::string& line) -> std::string {
           asked.push_back(line);
           if (line.starts_with("USER")) return "230 come in\r\n";
           if (line.starts_with("PWD")) return "257 \"/\"\r\n";
           if (line.starts_with("EPSV")) return fmt::format("229 there (|||{}|)\r\n", data.port());
           if (!line.starts_with("STOR")) return "200 fine\r\n";
           stop.request_stop();
           // Longer than a stop goes unnoticed.
           std::this_thread::sleep_for(std::chrono::milliseconds(500));
           return "150 it is made\r\n";
         }});
    FtpDestination destination(settings_for_port(server.port()), "", stop.get_token());

    std::unique_ptr<Upload> upload = destination.begin("object.part");
    EXPECT_THAT([&] { upload->append(std::vector<std::byte>(10)); }, fails_with(ErrorKind::Cancelled, "stopped"));
    upload.reset();
  }
  EXPECT_THAT(asked, ::testing::IsSupersetOf({"STOR object.part", "DELE object.part"}));
}

TEST(FtpDestination, AHostThatIsDownIsUnavailable) {
  const std::uint16_t port = test::LoopbackListener().port();
  FtpDestination destination(settings_for_port(port), "");

  EXPECT_THAT([&] { destination.begin("object.part"); }, fails_with(ErrorKind::Unavailable, "onnect"));
}

TEST(FtpDestination, AServerThatNeverAnswersIsUnavailableAfterTheTimeout) {
  const test::LoopbackListener silent;
  FtpDestination destination(settings_for_port(silent.port(), std::chrono::seconds(1)), "");

  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Unavailable, "list"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(FtpDestination, AServerThatForbidsWritingDenies) {
  const test::FtpServer server({.writing = test::Permission::Forbidden});
  FtpDestination destination(settings_for(server), "archives");

  EXPECT_THAT([&] { destination.begin("object.part"); },
              fails_with(ErrorKind::Denied, "550 Permission denied.\": check what the FTP server lets this user do"));
}

TEST(FtpDestination, ADirectoryThatMayNotBeWrittenDenies) {
  const test::FtpServer server;
  std::filesystem::create_directory(server.root() / "archives");  // Root's, not the server's.
  FtpDestination destination(settings_for(server), "archives");

  EXPECT_THAT([&] { destination.begin("object.part"); }, fails_with(ErrorKind::Denied, "553 Could not create file."));
}

TEST(FtpDestination, AServerThatForbidsReadingTakesUploadsAndDeniesReads) {
  const test::FtpServer server({.reading = test::Permission::Forbidden});
  FtpDestination destination(settings_for(server), "archives");
  const std::vector<std::byte> bytes = test::random_bytes({.size = 1'000, .seed = 1});
  const std::unique_ptr<Upload> upload = destination.begin("object.part");
  upload->append(bytes);
  EXPECT_EQ(upload->stored(), 1'000U);

  std::vector<std::byte> out(10);
  EXPECT_THAT([&] { upload->read(0, out); }, fails_with(ErrorKind::Denied, "550 Permission denied."));

  upload->commit("object");
  EXPECT_THAT([&] { destination.read("object", 0, out); }, fails_with(ErrorKind::Denied, "550 Permission denied."));
  EXPECT_THAT([&] { destination.stream("object", 0, 10); }, fails_with(ErrorKind::Denied, "550 Permission denied."));
}

TEST(FtpDestination, AFullDiskAtTheServerIsToldInItsWords) {
  const test::FtpServer server({.disk_bytes = 1U << 20U});
  FtpDestination destination(settings_for(server), "");
  const std::vector<std::byte> bytes = test::random_bytes({.size = 8'000'000, .seed = 1});
  const std::unique_ptr<Upload> upload = destination.begin("object.part");

  EXPECT_THAT(
      [&] {
        upload->append(bytes);
        upload->stored();
      },
      fails_with(ErrorKind::NoSpace, "451 Failure writing to local file.\": make room on the FTP server"));
}

TEST(FtpDestination, AServerThatRepeatsThePasswordDoesNotGetItIntoTheMessage) {
  const test::ScriptedServer server({.greeting = "220 hello\r\n", .answer = [](const std::string& line) -> std::string {
                                       if (line.starts_with("USER")) return "331 password?\r\n";
                                       return "530 not " + line + "\x1b[2J" + std::string(2'000, 'x') + "\r\n";
                                     }});
  FtpDestination destination(settings_for_port(server.port()), "");

  try {
    destination.list("");
    FAIL() << "logged in";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::LoginRefused);
    EXPECT_THAT(error.what(), HasSubstr("530 not PASS ***"));
    EXPECT_THAT(error.what(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(error.what(), Not(HasSubstr("\x1b")));
    EXPECT_LT(std::string(error.what()).size(), 400U);
  }
}

TEST(FtpDestination, AListingThatIsRefusedBecauseItIsForbiddenIsNoEmptyListing) {
  const auto server_that_says = [](const std::string& refusal) {
    return test::ScriptedServer::Script{.greeting = "220 hello\r\n",
                                        .answer = [refusal](const std::string& line) -> std::string {
                                          if (line.starts_with("USER")) return "230 come in\r\n";
                                          if (line.starts_with("PWD")) return "257 \"/\"\r\n";
                                          if (line.starts_with("EPSV") || line.starts_with("PASV")) return refusal;
                                          return "200 fine\r\n";
                                        }};
  };
  const test::ScriptedServer forbids(server_that_says("550 Permission denied.\r\n"));
  FtpDestination forbidden(settings_for_port(forbids.port()), "archives");

  EXPECT_THAT([&] { forbidden.list(""); }, fails_with(ErrorKind::Denied, "550 Permission denied."));
}

TEST(FtpDestination, AServerThatIsTooBusyIsTriedAgainLater) {
  const test::ScriptedServer server({.greeting = std::string("421 Too many users\r\n") + test::ScriptedServer::kHangUp,
                                     .answer = [](const std::string&) { return std::string(); }});
  FtpDestination destination(settings_for_port(server.port()), "");

  EXPECT_THAT([&] { destination.begin("object.part"); }, fails_with(ErrorKind::Unavailable, "421 Too many users"));
}

}  // namespace
}  // namespace osbackup::storage
