#include "transport/server_reply.hpp"

#include <gtest/gtest.h>

#include <string>

namespace osbackup::transport {
namespace {

ErrorKind kind_of_line(const std::string& line) {
  ReplyLog log("");
  log.add_line(line);
  return kind_of(log.replies().back());
}

TEST(ServerReply, TheCodeSaysWhatTheCallerCanDo) {
  EXPECT_EQ(kind_of_line("530 Login incorrect."), ErrorKind::LoginRefused);
  EXPECT_EQ(kind_of_line("535 5.7.8 bad credentials"), ErrorKind::LoginRefused);
  EXPECT_EQ(kind_of_line("550 Permission denied."), ErrorKind::Denied);
  EXPECT_EQ(kind_of_line("553 Could not create file."), ErrorKind::Denied);
  EXPECT_EQ(kind_of_line("421 Timeout."), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of_line("426 Failure reading network stream."), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of_line("452 Disk full"), ErrorKind::NoSpace);
  EXPECT_EQ(kind_of_line("552 Quota exceeded"), ErrorKind::NoSpace);
  EXPECT_EQ(kind_of_line("451 Failure writing to local file."), ErrorKind::NoSpace);
  EXPECT_EQ(kind_of_line("451 Failure reading local file."), ErrorKind::Unavailable);
}

TEST(ServerReply, AReplyOfSeveralLinesCountsOnce) {
  ReplyLog log("");
  for (const char* line : {"230-Welcome\r\n", "  to 550 things\r\n", "230 Logged in\r\n"}) log.add_line(line);

  ASSERT_EQ(log.replies().size(), 1U);
  EXPECT_EQ(log.replies().front().text, "230 Logged in");
  EXPECT_EQ(log.last_refusal(), nullptr);
}

TEST(ServerReply, TheLineThatEndsAReplyTellsIt) {
  ReplyLog log("");

  EXPECT_EQ(log.add_line("230-Welcome\r\n"), nullptr);
  EXPECT_EQ(log.add_line("no reply\r\n"), nullptr);
  EXPECT_EQ(log.add_line("221 Goodbye.\r\n"), nullptr);
  const ServerReply* reply = log.add_line("230 Logged in\r\n");

  ASSERT_NE(reply, nullptr);
  EXPECT_EQ(reply->code, 230);
}

TEST(ServerReply, AFarewellDoesNotHideTheRefusal) {
  ReplyLog log("");
  for (const char* line : {"550 Permission denied.\r\n", "221 Goodbye.\r\n"}) log.add_line(line);

  ASSERT_NE(log.last_refusal(), nullptr);
  EXPECT_EQ(log.last_refusal()->text, "550 Permission denied.");
}

TEST(ServerReply, TheTextIsOneShortPrintableLineWithoutThePassword) {
  ReplyLog log("pässword");
  log.add_line("550 \x1b[31mno pässword\xff" + std::string(5'000, 'x') + "\r\n");

  const std::string& text = log.last_refusal()->text;
  EXPECT_LT(text.size(), 210U);
  EXPECT_EQ(text.substr(0, 19), "550  [31mno ***\\xff");
}

TEST(ServerReply, AServerThatNeverStopsTalkingFillsNoMemory) {
  ReplyLog log("");
  for (int i = 0; i < 5'000; ++i) log.add_line("150 more");

  EXPECT_EQ(log.replies().size(), 1'000U);
}

}  // namespace
}  // namespace osbackup::transport
