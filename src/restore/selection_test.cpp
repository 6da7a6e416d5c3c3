#include "restore/selection.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "support/fails_with.hpp"

namespace osbackup::restore {
namespace {

TEST(Selection, WithoutRulesIsEverything) {
  EXPECT_TRUE(Selection().is_everything());
  EXPECT_TRUE(Selection().matches("etc/passwd", false));
}

TEST(Selection, APathStandsForAllBelowItAndNothingBeside) {
  const Selection selection{.paths = {"etc/ssh", "home"}, .include = {}, .exclude = {}};

  EXPECT_TRUE(selection.matches("etc/ssh", true));
  EXPECT_TRUE(selection.matches("etc/ssh/a/b", false));
  EXPECT_TRUE(selection.matches("home", true));
  EXPECT_FALSE(selection.matches("etc/ssh2", true));
  EXPECT_FALSE(selection.matches("etc", true));
}

TEST(Selection, ExcludesAfterItIncludes) {
  const Selection selection{.paths = {"etc"},
                            .include = PathPatterns({PathPattern("*.conf")}),
                            .exclude = PathPatterns({PathPattern("/etc/x")})};

  EXPECT_TRUE(selection.matches("etc/a.conf", false));
  EXPECT_FALSE(selection.matches("etc/a", false));
  EXPECT_FALSE(selection.matches("etc/x/a.conf", false));
  EXPECT_FALSE(selection.matches("usr/a.conf", false));
}

TEST(IndexPathOf, TakesPathsAsPeopleWriteThem) {
  EXPECT_EQ(index_path_of("/etc//ssh/"), "etc/ssh");
  EXPECT_EQ(index_path_of("./etc/./ssh"), "etc/ssh");
  EXPECT_EQ(index_path_of("/"), ".");
  EXPECT_EQ(index_path_of("."), ".");
}

TEST(IndexPathOf, RefusesWhatLeadsElsewhere) {
  EXPECT_THAT([] { index_path_of("/etc/../root"); },
              test::fails_with(ErrorKind::Usage, "\"/etc/../root\" is no path in an archive"));
  EXPECT_THAT([] { index_path_of(""); }, test::fails_with(ErrorKind::Usage, "is no path"));
}

TEST(OutermostPaths, HaveTheOrderOfArchivesAndNoneInsideAnother) {
  using testing::ElementsAre;

  EXPECT_THAT(outermost_paths({"home", "etc-x", "etc/ssh", "etc/ssh/a", "etc/a-b", "etc/a/b", "home"}),
              ElementsAre("etc/a/b", "etc/a-b", "etc/ssh", "etc-x", "home"));
  EXPECT_THAT(outermost_paths({"etc", "."}), ElementsAre("."));
  EXPECT_THAT(outermost_paths({}), ElementsAre());
}

}  // namespace
}  // namespace osbackup::restore
