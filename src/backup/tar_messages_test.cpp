#include "backup/tar_messages.hpp"

#include <gmock/gmock.h>

namespace osbackup::backup {
namespace {

std::optional<Warning> about_etc(std::string_view line) { return warning_from_tar(line, {"etc"}); }

TEST(TarMessages, NameTheFileAndWhatHappenedToIt) {
  EXPECT_EQ(about_etc("tar: etc/shadow: Cannot open: Permission denied"),
            (Warning{WarningKind::Missing, "/etc/shadow", "Cannot open: Permission denied"}));
  EXPECT_EQ(about_etc("tar: etc/log: file changed as we read it"),
            (Warning{WarningKind::Changed, "/etc/log", "file changed as we read it"}));
  EXPECT_EQ(about_etc("tar: etc/log: File shrank by 7 bytes; padding with zeros"),
            (Warning{WarningKind::Missing, "/etc/log", "File shrank by 7 bytes; padding with zeros"}));
  EXPECT_EQ(about_etc("tar: etc: Cannot stat: No such file or directory"),
            (Warning{WarningKind::Missing, "/etc", "Cannot stat: No such file or directory"}));
  EXPECT_EQ(about_etc("tar: etc/x: Warning: Cannot acl_get_fd: Input/output error"),
            (Warning{WarningKind::Missing, "/etc/x", "Warning: Cannot acl_get_fd: Input/output error"}));
}

TEST(TarMessages, AboutTheWholeRunAreNotAboutAFile) {
  EXPECT_FALSE(about_etc("tar: -: Cannot write: No space left on device"));
  EXPECT_FALSE(about_etc("gzip: stdout: No space left on device"));
  EXPECT_FALSE(about_etc("tar: Child returned status 1"));
  EXPECT_FALSE(about_etc("tar: Error is not recoverable: exiting now"));
  EXPECT_FALSE(about_etc("tar: etcetera/x: Cannot open: Permission denied"));
  EXPECT_FALSE(warning_from_tar("tar: -: Cannot write: No space left on device", {"."}));
}

TEST(TarMessages, KeepAPhraseThatIsPartOfAName) {
  EXPECT_EQ(about_etc("tar: etc/a: Cannot b: file changed as we read it"),
            (Warning{WarningKind::Changed, "/etc/a: Cannot b", "file changed as we read it"}));
}

TEST(TarMessages, UndoTheQuotingOfNames) {
  EXPECT_EQ(unescape_tar_name("a\\nb\\\\c\\303\\244\\177"), "a\nb\\c\xc3\xa4\x7f");
  EXPECT_EQ(unescape_tar_name("end\\"), "end\\");
}

TEST(TarMessages, AnnounceTheExitCode) {
  EXPECT_TRUE(is_tar_epilogue("tar: Exiting with failure status due to previous errors"));
  EXPECT_FALSE(is_tar_epilogue("tar: Error is not recoverable: exiting now"));
}

}  // namespace
}  // namespace osbackup::backup
