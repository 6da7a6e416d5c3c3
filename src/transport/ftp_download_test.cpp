#include "transport/ftp_download.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/ftp_server.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::transport {
namespace {

using namespace std::chrono_literals;
using test::fails_with;

/// A server with one file, and a session to it.
class FtpDownloadTest : public ::testing::Test {
 protected:
  FtpDownloadTest() { append(content_); }

  void append(std::span<const std::byte> bytes) const {
    const std::filesystem::path file = server_.root() / "file";
    std::ofstream(file, std::ios::app)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    std::filesystem::permissions(file, std::filesystem::perms::others_read, std::filesystem::perm_options::add);
  }

  FtpSettings settings(std::chrono::milliseconds timeout = 10s) const {
    return {.host = server_.host(),
            .port = server_.port(),
            .user = server_.user(),
            .password = Secret(server_.password()),
            .timeout = timeout};
  }

  FileRange whole() const { return {.path = "file", .offset = 0, .length = content_.size()}; }

  static std::vector<std::byte> all_of(ByteSource& stream) {
    std::vector<std::byte> all;
    std::vector<std::byte> piece(100'000);
    for (std::size_t count = piece.size(); count == piece.size();) {
      count = stream.read(piece);
      all.insert(all.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return all;
  }

  /// How often the server logged this.
  std::size_t logged(const std::string& text) const {
    const std::string log = server_.log();
    std::size_t count = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
    return count;
  }

  // More than the sockets between server and client hold.
  const std::vector<std::byte> content_ = test::random_bytes({.size = 40'000'000, .seed = 12});
  test::FtpServer server_;
  SessionTraffic traffic_;
  FtpSession session_{settings(), traffic_};
};

TEST_F(FtpDownloadTest, AWholeFileIsOneTransferAndOneLogin) {
  session_.size("file");

  EXPECT_TRUE(all_of(*session_.stream(whole())) == content_);
  session_.size("file");

  EXPECT_EQ(logged("\"RETR "), 1U);
  EXPECT_EQ(logged("230 Login successful"), 1U);
  EXPECT_EQ(traffic_.logins, 1U);
  EXPECT_EQ(traffic_.bytes_read, content_.size());
}

TEST_F(FtpDownloadTest, APartThatEndsWithTheFileKeepsTheLogin) {
  EXPECT_TRUE(all_of(*session_.stream({.path = "file", .offset = 39'000'000, .length = 1'000'000})) ==
              std::vector<std::byte>(content_.begin() + 39'000'000, content_.end()));
  EXPECT_TRUE(session_.is_logged_in());

  session_.size("file");

  EXPECT_EQ(logged("230 Login successful"), 1U);
  EXPECT_EQ(traffic_.logins, 1U);
}

TEST_F(FtpDownloadTest, APartThatEndsBeforeTheFileCostsTheNextCallALogin) {
  EXPECT_TRUE(all_of(*session_.stream({.path = "file", .offset = 5, .length = 1'000'000})) ==
              std::vector<std::byte>(content_.begin() + 5, content_.begin() + 1'000'005));
  EXPECT_FALSE(session_.is_logged_in());

  session_.size("file");

  EXPECT_EQ(logged("230 Login successful"), 2U);
  EXPECT_EQ(traffic_.logins, 2U);
}

TEST_F(FtpDownloadTest, APartThatEndsBeforeTheFileBringsLittleMoreThanIsWanted) {
  std::vector<std::byte> out(100'000);

  session_.read("file", 1'000'000, out);

  EXPECT_LE(traffic_.bytes_read, out.size() + (16U << 10U));
}

TEST_F(FtpDownloadTest, TakesNoMoreThanItsReaderWants) {
  const std::unique_ptr<ByteSource> stream = session_.stream(whole());

  for (std::uint64_t read_bytes = 0; read_bytes < 4'000'000; read_bytes += 100'000) {
    constexpr std::uint64_t kBufferBytes = 256U << 10U;
    ASSERT_LE(traffic_.bytes_read, read_bytes + kBufferBytes);
    stream->skip(100'000);
  }
}

TEST_F(FtpDownloadTest, WhatIsGivenUpEarlyIsBrokenOff) {
  session_.stream(whole())->skip(1'000);
  session_.size("file");

  EXPECT_LT(traffic_.bytes_read, 1'000'000U);
  EXPECT_EQ(traffic_.logins, 2U);
}

TEST_F(FtpDownloadTest, AConnectionThatBreaksInTheMiddleIsUnavailable) {
  const std::unique_ptr<ByteSource> stream = session_.stream(whole());
  std::vector<std::byte> first(1'000);
  stream->read(first);

  server_.cut_sessions();

  EXPECT_THAT([&] { stream->skip(content_.size()); }, fails_with(ErrorKind::Unavailable, "read file"));
  EXPECT_TRUE(std::equal(first.begin(), first.end(), content_.begin()));
}

TEST_F(FtpDownloadTest, TheSessionCanBeUsedAfterItsConnectionBroke) {
  const std::unique_ptr<ByteSource> stream = session_.stream(whole());
  server_.cut_sessions();
  EXPECT_THROW(stream->skip(content_.size()), Error);

  EXPECT_TRUE(all_of(*session_.stream(whole())) == content_);
}

TEST_F(FtpDownloadTest, AServerThatFallsSilentIsUnavailableAfterTheTimeout) {
  FtpSession impatient(settings(1s), traffic_);
  const std::unique_ptr<ByteSource> stream = impatient.stream(whole());

  server_.freeze();
  EXPECT_THAT([&] { stream->skip(content_.size()); },
              fails_with(ErrorKind::Unavailable, "the server has not answered for 1 s"));

  server_.thaw();
  server_.cut_sessions();
}

TEST_F(FtpDownloadTest, PausesLongerThanTheTimeoutEndNothing) {
  FtpSession impatient(settings(2s), traffic_);
  // What is tested is the time itself; longer also than the whole second that libcurl's own limit is rounded up to.
  const auto pause = [] { std::this_thread::sleep_for(2'300ms); };
  const std::unique_ptr<ByteSource> stream = impatient.stream(whole());

  pause();
  EXPECT_EQ(stream->skip(content_.size() - 1), content_.size() - 1);
  pause();
  EXPECT_EQ(stream->skip(2), 1U);

  impatient.size("file");
  EXPECT_EQ(traffic_.logins, 1U);
}

TEST_F(FtpDownloadTest, AStopCancels) {
  std::stop_source stop;
  FtpSession session(settings(), traffic_, stop.get_token());
  const std::unique_ptr<ByteSource> stream = session.stream(whole());

  stop.request_stop();

  EXPECT_THAT([&] { stream->skip(content_.size()); }, fails_with(ErrorKind::Cancelled, "stopped"));
}

TEST_F(FtpDownloadTest, AFileThatGrewIsReadAsFarAsItIsWanted) {
  append(std::span(content_).first(1'000));

  EXPECT_TRUE(all_of(*session_.stream(whole())) == content_);
}

TEST_F(FtpDownloadTest, AFileThatIsShorterThanIsWantedIsCorrupt) {
  std::filesystem::resize_file(server_.root() / "file", 20'000'000);
  const std::unique_ptr<ByteSource> stream = session_.stream(whole());

  EXPECT_THAT([&] { stream->skip(content_.size()); },
              fails_with(ErrorKind::Corrupt, "bytes 0 to 40000000 are wanted and the file has 20000000"));
}

TEST_F(FtpDownloadTest, ARefusedLoginIsNotCounted) {
  FtpSettings wrong = settings();
  wrong.password = Secret("wrong horse");
  FtpSession session(wrong, traffic_);

  EXPECT_THAT([&] { session.stream(whole()); }, fails_with(ErrorKind::LoginRefused, "530"));

  EXPECT_EQ(traffic_.logins, 0U);
}

}  // namespace
}  // namespace osbackup::transport
