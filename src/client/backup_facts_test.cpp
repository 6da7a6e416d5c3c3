#include "client/backup_facts.hpp"

#include <gmock/gmock.h>

#include "core/time_format.hpp"

namespace osbackup::client {
namespace {

BackupFacts published() {
  BackupFacts facts;
  facts.run_id = "0a1b2c3d-0000-4000-8000-000000000000";
  facts.name = {.hostname = "web-1", .ip = "192.0.2.7", .started = *parse_rfc3339("2026-11-23T09:30:00Z")};
  facts.directories = {"/etc", "/home"};
  facts.duration = std::chrono::seconds(61);
  facts.made = true;
  facts.published = true;
  facts.archive_bytes = 100'000'001;
  facts.verified = true;
  return facts;
}

TEST(BackupFacts, APublishedBackupIsReportedAsMadeAndOk) {
  const report::BackupReport report = to_report(published());

  EXPECT_TRUE(report.backup_state);
  EXPECT_TRUE(report.is_ok);
  EXPECT_EQ(report.backupfilename, "web-1+192.0.2.7+20261123T093000Z.zip");
  EXPECT_EQ(report.file_size, "101MB");
  EXPECT_EQ(report.dirs, "/etc,/home");
  EXPECT_EQ(report.finished_at, "2026-11-23T09:31:01Z");
}

TEST(BackupFacts, ABackupThatWasNotSentIsMadeButNotOk) {
  BackupFacts facts = published();
  facts.published = false;
  facts.error = "host\ndown";

  const report::BackupReport report = to_report(facts);

  EXPECT_TRUE(report.backup_state);
  EXPECT_FALSE(report.is_ok);
  EXPECT_EQ(report.error, "host\\ndown");
}

TEST(BackupFacts, ABackupThatWasNotMadeIsNeither) {
  BackupFacts facts = published();
  facts.published = false;
  facts.made = false;

  const report::BackupReport report = to_report(facts);

  EXPECT_FALSE(report.backup_state);
  EXPECT_FALSE(report.is_ok);
  EXPECT_EQ(report.backupfilename, "");
}

TEST(BackupFacts, EveryReportIsOneThatAServerAccepts) {
  BackupFacts facts = published();
  facts.directories = {"/h\xc3\xa4user", "/raw\xff"};
  facts.error = std::string(5000, 'x');

  EXPECT_EQ(report::report_from_json(report::to_json(to_report(facts))), to_report(facts));
}

TEST(BackupFacts, SayHowItWentInAFewWords) {
  BackupFacts facts = published();
  EXPECT_EQ(result_in_words(facts), "complete");
  facts.warnings.missing = 1;
  EXPECT_EQ(result_in_words(facts), "complete, but 1 file is missing");
  facts.warnings.missing = 3;
  EXPECT_EQ(result_in_words(facts), "complete, but 3 files are missing");
  facts.published = false;
  EXPECT_EQ(result_in_words(facts), "made, but not sent");
  facts.made = false;
  EXPECT_EQ(result_in_words(facts), "FAILED");
}

}  // namespace
}  // namespace osbackup::client
