#include "http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osbackup::http {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Target, PathAndQueryAreDecoded) {
  const auto target = parse_target("/a%20b/%C3%A4+c?x=1%262&y=two+words&x=3&flag&=v&&e=");

  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a b/\xC3\xA4+c");
  EXPECT_THAT(target->query, ElementsAre(Pair("x", "1&2"), Pair("y", "two words"), Pair("x", "3"), Pair("flag", ""),
                                         Pair("", "v"), Pair("e", "")));
}

TEST(Target, AnEncodedQuestionMarkBelongsToThePath) {
  const auto target = parse_target("/a%3Fb?c");

  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a?b");
  EXPECT_THAT(target->query, ElementsAre(Pair("c", "")));
}

TEST(Target, WhatAProxyIsAskedForIsServedLocally) {
  EXPECT_EQ(parse_target("http://host.example:80/count?x=1")->path, "/count");
  EXPECT_EQ(parse_target("http://host.example")->path, "/");
  EXPECT_THAT(parse_target("https://host.example?x=1")->query, ElementsAre(Pair("x", "1")));
}

TEST(Target, AnAsteriskIsATarget) { EXPECT_EQ(parse_target("*")->path, "*"); }

TEST(Target, WhatIsNoTargetIsNothing) {
  for (const char* text : {"", "count", "/%", "/%2", "/%zz", "/a%00b", "/?x=%", "/?%GG=1", "/?x=%00", "host:80"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

}  // namespace
}  // namespace osbackup::http
