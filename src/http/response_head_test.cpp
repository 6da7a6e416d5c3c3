#include "http/response_head.hpp"

#include <gtest/gtest.h>

namespace osbackup::http {
namespace {

constexpr std::chrono::system_clock::time_point kNow{std::chrono::seconds(784'111'777)};

TEST(ResponseHead, HasLengthDateAndWhatBecomesOfTheConnection) {
  const Response response{.status = 200, .body = "0", .headers = {{"X-Note", "n"}}};

  EXPECT_EQ(response_head(response, Afterwards::KeepOpen, kNow),
            "HTTP/1.1 200 OK\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 1\r\n"
            "Connection: keep-alive\r\n"
            "X-Note: n\r\n"
            "\r\n");
}

TEST(ResponseHead, AnEmptyBodyHasALengthAndNoType) {
  const std::string head = response_head(Response{.status = 503}, Afterwards::Close, kNow);

  EXPECT_NE(head.find("HTTP/1.1 503 Service Unavailable\r\n"), std::string::npos);
  EXPECT_NE(head.find("Content-Length: 0\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_EQ(head.find("Content-Type"), std::string::npos);
}

TEST(ResponseHead, ALineBreakInAHeaderValueCannotAddAHeader) {
  const Response response{.headers = {{"X-Osbackup-Error", "bad\r\nSet-Cookie: a=b"}}};

  const std::string head = response_head(response, Afterwards::Close, kNow);

  EXPECT_EQ(head.find("\nSet-Cookie"), std::string::npos);
  EXPECT_NE(head.find("X-Osbackup-Error: bad  Set-Cookie: a=b\r\n"), std::string::npos);
}

}  // namespace
}  // namespace osbackup::http
