#include "transport/smtp_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/loopback_socket.hpp"
#include "support/scripted_server.hpp"
#include "support/smtp_receiver.hpp"

namespace osbackup::transport {
namespace {

using test::fails_with;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

SmtpSettings settings_for(std::uint16_t port) {
  return {.host = "127.0.0.1",
          .port = port,
          .user = "",
          .password = Secret(),
          .helo_domain = "example.com",
          .timeout = std::chrono::seconds(10)};
}

Mail mail() {
  return {.from = "backup@example.com",
          .recipients = {"one@example.com", "two@example.com"},
          .text = "Subject: web1\nFrom: backup@example.com\n\n.leading dot\nlast line\n"};
}

TEST(SmtpClient, AMailArrivesAsItWasWritten) {
  const test::SmtpReceiver server;

  send_mail(settings_for(server.port()), mail());

  const std::vector<json::Object> messages = server.messages();
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_EQ(messages[0].at("helo").as_string(), "example.com");
  EXPECT_EQ(messages[0].at("from").as_string(), "backup@example.com");
  EXPECT_EQ(json::serialize(messages[0].at("recipients")), R"(["one@example.com","two@example.com"])");
  EXPECT_TRUE(messages[0].at("user").is_null());
  EXPECT_EQ(messages[0].at("content").as_string(),
            "Subject: web1\r\nFrom: backup@example.com\r\n\r\n.leading dot\r\nlast line\r\n");
}

TEST(SmtpClient, LogsInWhenAUserIsConfigured) {
  const test::SmtpReceiver server(test::SmtpPolicy::RequireLogin);
  SmtpSettings settings = settings_for(server.port());
  settings.user = server.user();
  settings.password = Secret(server.password());

  send_mail(settings, mail());

  ASSERT_THAT(server.messages(), SizeIs(1));
  EXPECT_EQ(server.messages()[0].at("user").as_string(), server.user());
}

TEST(SmtpClient, ARefusedLoginSaysWhatToCheckAndNotThePassword) {
  const test::SmtpReceiver server(test::SmtpPolicy::RequireLogin);
  SmtpSettings settings = settings_for(server.port());
  settings.user = server.user();
  settings.password = Secret("wrong horse");

  try {
    send_mail(settings, mail());
    FAIL() << "logged in with a wrong password";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::LoginRefused);
    EXPECT_THAT(error.what(), HasSubstr("\"535 5.7.8"));
    EXPECT_THAT(error.what(), HasSubstr("check [Mail] user and pass"));
    EXPECT_THAT(error.what(), Not(HasSubstr("horse")));
  }
  EXPECT_THAT(server.messages(), IsEmpty());
}

TEST(SmtpClient, AServerThatRequiresALoginRefusesAMailWithoutOne) {
  const test::SmtpReceiver server(test::SmtpPolicy::RequireLogin);

  EXPECT_THAT([&] { send_mail(settings_for(server.port()), mail()); },
              fails_with(ErrorKind::LoginRefused, "530 5.7.0 Authentication required"));
}

TEST(SmtpClient, ARefusedMessageIsDenied) {
  const test::SmtpReceiver server(test::SmtpPolicy::RefuseAll);

  EXPECT_THAT([&] { send_mail(settings_for(server.port()), mail()); },
              fails_with(ErrorKind::Denied, "\"554 5.7.1 No mail is taken here\": check [Mail] sender"));
}

TEST(SmtpClient, AGreylistingServerIsTriedAgainLater) {
  const test::ScriptedServer server({.greeting = "220 hello\r\n", .answer = [](const std::string& line) -> std::string {
                                       if (line.starts_with("QUIT")) return "221 bye\r\n";
                                       return line.starts_with("RCPT") ? "450 later\r\n" : "250 fine\r\n";
                                     }});

  EXPECT_THAT([&] { send_mail(settings_for(server.port()), mail()); },
              fails_with(ErrorKind::Unavailable, "\"450 later\""));
}

TEST(SmtpClient, AServerThatIsDownIsUnavailable) {
  const std::uint16_t port = test::LoopbackListener().port();

  EXPECT_THAT([&] { send_mail(settings_for(port), mail()); }, fails_with(ErrorKind::Unavailable, "127.0.0.1"));
}

TEST(SmtpClient, AServerThatNeverAnswersIsUnavailableAfterTheTimeout) {
  const test::LoopbackListener silent;
  SmtpSettings settings = settings_for(silent.port());
  settings.timeout = std::chrono::seconds(1);

  EXPECT_THAT([&] { send_mail(settings, mail()); }, fails_with(ErrorKind::Unavailable, "127.0.0.1"));
}

TEST(SmtpClient, AddressesThatWouldEndACommandAreRefused) {
  Mail evil = mail();
  evil.recipients = {"a@example.com>\r\nRCPT TO:<b@example.com"};

  EXPECT_THAT([&] { send_mail(settings_for(25), evil); }, fails_with(ErrorKind::Usage, "control characters"));
}

}  // namespace
}  // namespace osbackup::transport
