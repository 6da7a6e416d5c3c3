#include "http/message.hpp"

#include <gtest/gtest.h>

namespace osbackup::http {
namespace {

TEST(Request, TheFirstHeaderAndParameterOfANameAreFound) {
  const Request request{.query = {{"x", "1"}, {"x", "2"}}, .headers = {{"host", "a"}, {"accept", ""}}};

  EXPECT_EQ(request.query_value("x"), "1");
  EXPECT_EQ(request.header("host"), "a");
  EXPECT_EQ(request.header("accept"), "");
}

TEST(Request, WhatIsAbsentIsNothing) {
  const Request request;

  EXPECT_EQ(request.query_value("x"), std::nullopt);
  EXPECT_EQ(request.header("host"), std::nullopt);
}

}  // namespace
}  // namespace osbackup::http
