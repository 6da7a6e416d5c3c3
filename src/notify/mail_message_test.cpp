#include "notify/mail_message.hpp"

#include <gmock/gmock.h>

#include <cstdlib>

#include "core/time_format.hpp"

namespace osbackup::notify {
namespace {

using testing::HasSubstr;

MailFacts facts() {
  return {.hostname = "web-1",
          .ip = "192.0.2.7",
          .succeeded = true,
          .result = "complete, but 2 files are missing",
          .error = "",
          .archive = "web-1+192.0.2.7+20261123T093000Z.zip",
          .archive_bytes = 12'900'000,
          .files = 1234,
          .directories = "/etc,/home",
          .started = *parse_rfc3339("2026-11-23T09:30:00Z"),
          .duration = std::chrono::seconds(252),
          .warning_count = 3,
          .first_warnings = {"/home/x: Permission denied", "/home/y\r\n.: vanished"}};
}

std::string message(const MailFacts& told) {
  setenv("TZ", "UTC", 1);
  return mail_message(told,
                      {.sender = "backup@example.com",
                       .recipients = {"a@example.com", "b@example.com"},
                       .domain = "example.com",
                       .unique = "run-1"},
                      *parse_rfc3339("2026-11-23T09:35:00Z"));
}

TEST(MailMessage, SaysHostResultAndSizeInItsSubject) {
  EXPECT_THAT(message(facts()),
              HasSubstr("\r\nSubject: [osbackup] web-1: backup complete, but 2 files are missing, 12 MiB\r\n"));
}

TEST(MailMessage, HasTheHeadersThatAMailNeeds) {
  const std::string text = message(facts());

  EXPECT_THAT(text, testing::StartsWith("Date: Mon, 23 Nov 2026 09:35:00 +0000\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nFrom: osbackup <backup@example.com>\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nTo: a@example.com,\r\n b@example.com\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nMessage-ID: <run-1@example.com>\r\n"));
}

TEST(MailMessage, TellsTheRestInShortLines) {
  const std::string text = message(facts());

  EXPECT_THAT(text, HasSubstr("\r\nSize:     12 MiB (1234 files)\r\n"
                              "File:     web-1+192.0.2.7+20261123T093000Z.zip\r\n"
                              "Duration: 4 m 12 s\r\n"
                              "Started:  2026-11-23 09:30:00\r\n"
                              "Contains: /etc,/home\r\n"
                              "Warnings: 3\r\n"
                              "  /home/x: Permission denied\r\n"));
  EXPECT_THAT(text, HasSubstr("  and 1 more, see backup.log on the host\r\n"));
}

TEST(MailMessage, NoFileNameCanAddALine) { EXPECT_THAT(message(facts()), testing::Not(HasSubstr("\r\n.: vanished"))); }

TEST(MailMessage, SaysWhatFailed) {
  MailFacts failed = facts();
  failed.succeeded = false;
  failed.result = "FAILED";
  failed.error = "no space left";
  failed.archive.clear();

  const std::string text = message(failed);

  EXPECT_THAT(text, HasSubstr("Subject: [osbackup] web-1: backup FAILED\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nError:    no space left\r\n"));
  EXPECT_THAT(text, testing::Not(HasSubstr("Size:")));
}

TEST(MailMessage, EncodesASubjectThatIsNotAscii) {
  MailFacts told = facts();
  told.hostname = "h\xc3\xb6st.with.a.long.name.example";
  told.result = "complete";

  EXPECT_THAT(message(told),
              HasSubstr("Subject: =?UTF-8?B?W29zYmFja3VwXSBow7ZzdC53aXRoLmEubG9uZy5uYW1lLmV4YW1wbGU6?=\r\n"
                        " =?UTF-8?B?IGJhY2t1cCBjb21wbGV0ZSwgMTIgTWlC?=\r\n"));
}

}  // namespace
}  // namespace osbackup::notify
