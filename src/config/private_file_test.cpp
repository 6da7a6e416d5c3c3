#include "config/private_file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::config {
namespace {

class PrivateFileTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "x.conf";

  void write(const std::string& text, mode_t mode = 0600) {
    std::ofstream(file_) << text;
    ASSERT_EQ(chmod(file_.c_str(), mode), 0);
  }
  std::string problem() const {
    try {
      read_private_file(file_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      return error.what();
    }
    return "none";
  }
};

TEST_F(PrivateFileTest, IsReadWhole) {
  write("[Ftp]\n");
  EXPECT_EQ(read_private_file(file_), "[Ftp]\n");
}

TEST_F(PrivateFileTest, MayBeClosedFurther) {
  write("", 0400);
  EXPECT_EQ(problem(), "none");
}

TEST_F(PrivateFileTest, IsRefusedWhenOthersMayReadOrWriteIt) {
  for (const auto& [mode, text] : {std::pair{0644U, "0644"},
                                   {0640U, "0640"},
                                   {0604U, "0604"},
                                   {0620U, "0620"},
                                   {0602U, "0602"},
                                   {0610U, "0610"},
                                   {04755U, "4755"}}) {
    write("", mode);
    EXPECT_EQ(problem(), file_.string() + " has mode " + text +
                             " and holds passwords, expected 0600: mend it with: " + "chmod 600 " + file_.string());
  }
}

TEST_F(PrivateFileTest, IsRefusedWhenItIsSomebodyElses) {
  write("");
  ASSERT_EQ(chown(file_.c_str(), 65534, 65534), 0) << "run the tests as root";
  EXPECT_EQ(problem(), file_.string() + " belongs to user 65534: mend it with: chown root " + file_.string());
}

TEST_F(PrivateFileTest, IsARegularFile) {
  std::filesystem::create_directory(file_);
  EXPECT_EQ(problem(), file_.string() + " is not a regular file");
  std::filesystem::remove(file_);
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(problem(), file_.string() + " is not a regular file");
}

TEST_F(PrivateFileTest, IsNamedWhenItIsMissing) {
  EXPECT_EQ(problem(), file_.string() + ": there is no such configuration file; name another with --config FILE");
}

TEST_F(PrivateFileTest, IsReadThroughALinkAndCheckedThere) {
  std::filesystem::create_symlink("target.conf", file_);
  std::ofstream(folder_.path() / "target.conf") << "text";
  chmod((folder_.path() / "target.conf").c_str(), 0600);
  EXPECT_EQ(read_private_file(file_), "text");
  chmod((folder_.path() / "target.conf").c_str(), 0644);
  EXPECT_THAT(problem(), testing::HasSubstr("has mode 0644"));
}

TEST_F(PrivateFileTest, HasALimit) {
  write(std::string((4U << 20U) + 1, 'x'));
  EXPECT_EQ(problem(), file_.string() + " is longer than 4194304 bytes");
}

TEST_F(PrivateFileTest, APrivateKeyIsRefusedWhenOthersMayReadIt) {
  write("key", 0640);
  EXPECT_THAT([&] { read_private_key(file_); },
              test::fails_with(ErrorKind::Usage, "holds a private key, expected 0600"));
  write("key");
  EXPECT_EQ(read_private_key(file_), "key");
}

TEST_F(PrivateFileTest, AMissingPrivateKeyNamesItsConfigurationKey) {
  EXPECT_THAT([&] { read_private_key(file_); },
              test::fails_with(ErrorKind::Usage, "there is no such file: check [Ftp] private_key"));
}

TEST_F(PrivateFileTest, ATrustedFileMayBeReadByOthersAndNotWritten) {
  write("hosts", 0644);
  EXPECT_EQ(read_trusted_file(file_), "hosts");
  write("hosts", 0664);
  EXPECT_THAT([&] { read_trusted_file(file_); }, test::fails_with(ErrorKind::Usage, "chmod 644 " + file_.string()));
  write("hosts", 0646);
  EXPECT_THAT([&] { read_trusted_file(file_); }, test::fails_with(ErrorKind::Usage, "says whom to trust"));
}

TEST_F(PrivateFileTest, ATrustedFileMayBeMissing) { EXPECT_EQ(read_trusted_file(file_), std::nullopt); }

}  // namespace
}  // namespace osbackup::config
