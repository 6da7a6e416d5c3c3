#include "backup/warning_log.hpp"

#include <gmock/gmock.h>

namespace osbackup::backup {
namespace {

TEST(WarningLog, CountsAllAndKeepsTheFirstFewMissingFilesFirst) {
  std::size_t heard = 0;
  WarningLog log([&](const Warning&) { ++heard; });

  for (int i = 0; i < 1000; ++i) log.add({.kind = WarningKind::Note, .path = "/n", .reason = "a socket"});
  log.add({.kind = WarningKind::Changed, .path = "/c", .reason = "changed"});
  log.add({.kind = WarningKind::Missing, .path = "/m", .reason = "unreadable"});

  EXPECT_EQ(heard, 1002U);
  EXPECT_EQ(log.counts().all(), 1002U);
  EXPECT_EQ(log.counts().missing, 1U);
  EXPECT_EQ(log.first().size(), WarningLog::kKept);
  EXPECT_EQ(log.first().front().path, "/m");
}

TEST(Warning, IsOneLineWhateverTheNameIs) {
  EXPECT_EQ(to_line({.kind = WarningKind::Note, .path = "/a\nb\xff", .reason = "why"}), "/a\\nb\\xff: why");
  EXPECT_EQ(to_line({.kind = WarningKind::Note, .path = "", .reason = "why"}), "why");
}

}  // namespace
}  // namespace osbackup::backup
