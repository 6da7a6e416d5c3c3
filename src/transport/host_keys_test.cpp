#include "transport/host_keys.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/encoding.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::transport {
namespace {

using Verdict = HostKeys::Verdict;

/// A key pair's public half: its type, its base64 and a comment.
std::string made_key(const std::string& type = "ed25519") {
  const test::TemporaryFolder folder;
  return test::output_of(
      {.text = "ssh-keygen -q -t " + type + " -N '' -C comment -f key && cat key.pub", .directory = folder.path()});
}

/// As a server shows it.
std::string shown(const std::string& key) {
  const std::size_t begin = key.find(' ') + 1;
  return *base64_decode(key.substr(begin, key.find(' ', begin) - begin));
}

class HostKeysTest : public ::testing::Test {
 protected:
  Verdict verdict(const std::string& text, const std::string& host = "backup.example", std::uint16_t port = 22) const {
    return HostKeys(text, host, port).judge(shown(key_));
  }

  const std::string key_ = made_key();
  const std::string other_ = made_key();
};

TEST_F(HostKeysTest, AServerIsKnownByItsNameAndKey) {
  EXPECT_EQ(verdict("backup.example " + key_), Verdict::Known);
  EXPECT_EQ(verdict("other.example,backup.example,192.0.2.1 " + key_), Verdict::Known);
  EXPECT_EQ(verdict("other.example " + key_), Verdict::Unknown);
  EXPECT_EQ(verdict(""), Verdict::Unknown);
  EXPECT_EQ(verdict("backup.example " + other_), Verdict::Changed);
  EXPECT_EQ(verdict("backup.example " + other_ + "backup.example " + key_), Verdict::Known);
}

TEST_F(HostKeysTest, TheCaseOfANameDoesNotCount) {
  EXPECT_EQ(verdict("backup.example " + key_, "Backup.EXAMPLE"), Verdict::Known);
}

TEST_F(HostKeysTest, AnotherPortIsAnotherServerUnlessOnlyTheNameIsThere) {
  EXPECT_EQ(verdict("[backup.example]:2222 " + key_, "backup.example", 2222), Verdict::Known);
  EXPECT_EQ(verdict("[backup.example]:2222 " + key_, "backup.example", 22), Verdict::Unknown);
  EXPECT_EQ(verdict("backup.example " + key_, "backup.example", 2222), Verdict::Known);
  EXPECT_EQ(verdict("[backup.example]:2222 " + other_ + "backup.example " + key_, "backup.example", 2222),
            Verdict::Changed);
}

TEST_F(HostKeysTest, HashedNamesAreFound) {
  const test::TemporaryFolder folder;
  const std::string hashed = test::output_of(
      {.text = "cat >hosts <<'END'\nbackup.example " + key_ + "END\nssh-keygen -q -H -f hosts 2>/dev/null && cat hosts",
       .directory = folder.path()});
  ASSERT_EQ(hashed.find("backup"), std::string::npos);

  EXPECT_EQ(verdict(hashed), Verdict::Known);
  EXPECT_EQ(verdict(hashed, "other.example"), Verdict::Unknown);
}

TEST_F(HostKeysTest, ARevokedKeyIsRefusedWhateverNameItStandsBeside) {
  EXPECT_EQ(verdict("backup.example " + key_ + "@revoked * " + key_), Verdict::Revoked);
  EXPECT_EQ(verdict("@revoked\tother.example  " + key_), Verdict::Revoked);
  EXPECT_EQ(verdict("backup.example " + key_ + " \t@revoked * " + key_), Verdict::Revoked);
  EXPECT_EQ(verdict("@revoked * " + other_ + "backup.example " + key_), Verdict::Known);
}

TEST_F(HostKeysTest, ACertificateAuthorityIsNoHostKey) {
  EXPECT_EQ(verdict("@cert-authority backup.example " + key_), Verdict::Unknown);
}

TEST_F(HostKeysTest, LinesThatMeanNothingHideNoOthers) {
  EXPECT_EQ(
      verdict("# note\n\n  \nbackup.example\nbackup.example ssh-ed25519\nx y z\n@revoked\n@revoked x\n|1|a|b c d\n" +
              std::string("\xff\xfe \x01\n") + "backup.example " + key_.substr(0, key_.size() - 1) + "\r\n"),
      Verdict::Known);
}

TEST_F(HostKeysTest, AskForTheKindsOfKeyThatAreKnown) {
  const std::string ecdsa = made_key("ecdsa");
  const std::string name = "backup.example";
  EXPECT_EQ(HostKeys(name + " " + key_, name, 22).methods(), "ssh-ed25519");
  EXPECT_EQ(HostKeys(name + " " + ecdsa + name + " " + key_ + "other " + made_key("rsa"), name, 22).methods(),
            "ecdsa-sha2-nistp256,ssh-ed25519");
  EXPECT_EQ(HostKeys("other " + key_, name, 22).methods(), "");
}

}  // namespace
}  // namespace osbackup::transport
