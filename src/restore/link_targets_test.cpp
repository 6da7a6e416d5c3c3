#include "restore/link_targets.hpp"

#include <gmock/gmock.h>

namespace osbackup::restore {
namespace {

archive::IndexEntry line_of(const std::string& path) {
  archive::IndexEntry line;
  line.entry.path = path;
  line.entry.size = 100;
  line.digest = crypto::Sha256Digest{};
  return line;
}

archive::IndexEntry link_to(const std::string& path) {
  archive::IndexEntry link = line_of("link");
  link.entry.target = path;
  return link;
}

TEST(LinkTargets, AreFoundWhenTheyWereAdded) {
  LinkTargets targets(100'000);
  for (int i = 0; i < 100'000; ++i) targets.add(line_of("file-" + std::to_string(i)));

  for (int i = 0; i < 100'000; ++i) EXPECT_TRUE(targets.may_have_target_of(link_to("file-" + std::to_string(i))));
}

TEST(LinkTargets, AreNearlyNeverFoundWhenTheyWereNot) {
  LinkTargets targets(1'000'000);
  for (int i = 0; i < 1'000'000; ++i) targets.add(line_of("file-" + std::to_string(i)));

  int found = 0;
  for (int i = 0; i < 100'000; ++i) found += targets.may_have_target_of(link_to("none-" + std::to_string(i))) ? 1 : 0;
  EXPECT_LT(found, 200);
}

TEST(LinkTargets, AreAnotherWithAnotherSizeOrDigest) {
  LinkTargets targets(1);
  targets.add(line_of("a"));

  archive::IndexEntry link = link_to("a");
  link.entry.size = 101;
  EXPECT_FALSE(targets.may_have_target_of(link));
  link = link_to("a");
  (*link.digest)[31] = std::byte{1};
  EXPECT_FALSE(targets.may_have_target_of(link));
}

TEST(LinkTargets, AreForgotten) {
  LinkTargets targets(1);
  EXPECT_FALSE(targets.may_have_target_of(link_to("a")));
  targets.add(line_of("a"));
  targets.clear();
  EXPECT_FALSE(targets.may_have_target_of(link_to("a")));
}

}  // namespace
}  // namespace osbackup::restore
