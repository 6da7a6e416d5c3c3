#include "http/request_parser.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace osbackup::http {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr RequestLimits kLimits{.head_bytes_max = 1024, .body_bytes_max = 100};

// What a parser made of some bytes that came `step` at a time.
struct Parsed {
  bool done = false;
  unsigned refused = 0;
  std::string cause;
  Request request;
  bool keep_alive = false;
  std::string left;
};

Parsed parse(const std::string& bytes, std::size_t step) {
  RequestParser parser(kLimits);
  Parsed parsed;
  std::string pending;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    pending += bytes.substr(at, step);
    if (parser.done()) continue;
    pending.erase(0, parser.feed(pending));
    if (parser.refusal()) {
      parsed.refused = parser.refusal()->status;
      parsed.cause = parser.refusal()->cause;
      return parsed;
    }
  }
  parsed.done = parser.done();
  parsed.left = pending;
  if (parsed.done) {
    parsed.keep_alive = parser.keep_alive();
    parsed.request = parser.take_request();
  }
  return parsed;
}

Parsed parse(const std::string& bytes) { return parse(bytes, bytes.size()); }

// The status that a request with these extra header lines is refused with, at once and byte by byte; 0 when it is
// taken.
unsigned refusal_of(const std::string& bytes) {
  const unsigned status = parse(bytes).refused;
  EXPECT_EQ(parse(bytes, 1).refused, status) << bytes;
  return status;
}

std::string post(const std::string& header_lines, const std::string& body) {
  return "POST /a HTTP/1.1\r\nHost: h\r\n" + header_lines + "\r\n" + body;
}

TEST(RequestParser, ARequestIsTheSameHoweverItsBytesCome) {
  const std::string bytes =
      "POST /a%20b?x=%31 HTTP/1.1\r\nHost: h\r\nX-Name:  some value \r\nContent-Length: 5\r\n\r\nhelloGET";
  for (const std::size_t step : {1UL, 2UL, 3UL, 7UL, 1000UL}) {
    const Parsed parsed = parse(bytes, step);

    ASSERT_TRUE(parsed.done) << step;
    EXPECT_EQ(parsed.request.method, "POST");
    EXPECT_EQ(parsed.request.path, "/a b");
    EXPECT_EQ(parsed.request.query_value("x"), "1");
    EXPECT_EQ(parsed.request.header("x-name"), "some value");
    EXPECT_EQ(parsed.request.body, "hello");
    EXPECT_TRUE(parsed.keep_alive);
    EXPECT_EQ(parsed.left, "GET");
  }
}

TEST(RequestParser, AChunkedBodyIsTheSameHoweverItsBytesCome) {
  const std::string bytes = post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\nGET");
  for (std::size_t step = 1; step < 30; ++step) {
    const Parsed parsed = parse(bytes, step);

    ASSERT_TRUE(parsed.done) << step;
    EXPECT_EQ(parsed.request.body, "abc0123456789");
    EXPECT_EQ(parsed.left, "GET");
  }
}

TEST(RequestParser, AnEmptyChunkedBodyMayComeByteByByte) {
  EXPECT_TRUE(parse(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), 1).done);
}

TEST(RequestParser, ATrailerAddsNoHeader) {
  const Parsed parsed =
      parse(post("Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nAuthorization: Basic eA==\r\n\r\n"), 1);

  ASSERT_TRUE(parsed.done);
  EXPECT_EQ(parsed.request.header("authorization"), std::nullopt);
}

TEST(RequestParser, TheConnectionIsKeptAsVersionAndHeaderSay) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestParser, WhatIsNotARequestIs400) {
  EXPECT_EQ(refusal_of("\x16\x03\x01\x02 hello\r\n\r\n"), 400U);
  EXPECT_EQ(refusal_of("GET /\r\n\r\n"), 400U);
  EXPECT_EQ(refusal_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(parse("GET / HTTP/1.1\nHost: h\n\n").refused, 400U);
  EXPECT_EQ(refusal_of("GET a HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(refusal_of("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n"), 400U);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400U);
}

TEST(RequestParser, AnHttp11RequestHasOneHost) {
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n\r\n"), 400U);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400U);
  EXPECT_EQ(refusal_of("GET / HTTP/1.0\r\n\r\n"), 0U);
}

TEST(RequestParser, ALengthThatCanBeReadInTwoWaysIs400) {
  EXPECT_EQ(refusal_of(post("Content-Length: 1\r\nContent-Length: 1\r\n", "a")), 400U);
  EXPECT_EQ(refusal_of(post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab")), 400U);
  EXPECT_EQ(refusal_of(post("Content-Length: 1, 1\r\n", "a")), 400U);
  EXPECT_EQ(refusal_of(post("Content-Length: -1\r\n", "")), 400U);
  EXPECT_EQ(refusal_of(post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")), 400U);
  EXPECT_EQ(refusal_of(post("Transfer-Encoding: gzip\r\n", "")), 400U);
  EXPECT_EQ(refusal_of(post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")), 400U);
}

TEST(RequestParser, AFoldedHeaderLineIs400) {
  EXPECT_EQ(refusal_of(post("X-A: b\r\n c\r\nContent-Length: 0\r\n", "")), 400U);
  EXPECT_EQ(refusal_of(post("X-A: b\r\n\tc\r\nContent-Length: 0\r\n", "")), 400U);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n Host: h\r\n\r\n"), 400U);
}

TEST(RequestParser, ABodyOverTheLimitIs413) {
  EXPECT_EQ(refusal_of(post("Content-Length: 100\r\n", std::string(100, 'x'))), 0U);
  EXPECT_EQ(refusal_of(post("Content-Length: 101\r\n", "")), 413U);
  EXPECT_EQ(refusal_of(post("Transfer-Encoding: chunked\r\n", "65\r\n" + std::string(101, 'x'))), 413U);
  EXPECT_EQ(parse(post("Content-Length: 101\r\n", "")).cause, "the body is larger than 100 bytes");
}

TEST(RequestParser, HeadersOverTheLimitAre431) {
  EXPECT_EQ(refusal_of("GET /" + std::string(2000, 'x')), 431U);
  EXPECT_EQ(refusal_of(post("X: " + std::string(1000, 'x') + "\r\n", "")), 431U);

  std::string many;
  for (int i = 0; i < 150; ++i) many += "X: y\r\n";
  EXPECT_EQ(refusal_of(post(many, "")), 0U);
  EXPECT_EQ(refusal_of(post(many + many, "")), 431U);
}

TEST(RequestParser, AnEndlessChunkHeadIsRefused) {
  EXPECT_THAT(parse(post("Transfer-Encoding: chunked\r\n", "1;" + std::string(4000, 'x')), 100).cause,
              HasSubstr("chunk's head"));
}

TEST(RequestParser, ABodyThatIsHeldBackIsAskedFor) {
  RequestParser parser(kLimits);
  std::string head = post("Content-Length: 2\r\nExpect: 100-Continue\r\n", "");
  EXPECT_FALSE(parser.wants_continue());

  EXPECT_EQ(parser.feed(head), head.size());

  EXPECT_TRUE(parser.wants_continue());
  EXPECT_FALSE(parser.done());
  parser.feed("ab");
  EXPECT_TRUE(parser.done());
  EXPECT_FALSE(parser.wants_continue());
}

TEST(RequestParser, NoMangledRequestBreaksIt) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string request = post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\nTrailer: x\r\n\r\n") +
                              post("Content-Length: 3\r\n", "abc");
  const std::string alphabet = "\r\n \t0123456789abcdefABCDEF:;,=%/\x01\xff";
  unsigned outcomes = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string mangled = request;
    for (unsigned i = 0; i < 1 + random() % 4; ++i)
      mangled[random() % mangled.size()] = alphabet[random() % alphabet.size()];
    mangled.resize(mangled.size() - random() % 20);

    const Parsed parsed = parse(mangled, 1 + random() % 40);

    outcomes |= parsed.done ? 1U : 2U;
  }
  EXPECT_EQ(outcomes, 3U);
}

}  // namespace
}  // namespace osbackup::http
