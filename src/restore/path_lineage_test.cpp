#include "restore/path_lineage.hpp"

#include <gtest/gtest.h>

namespace osbackup::restore {
namespace {

using archive::EntryType;

std::string take(PathLineage& lineage, const std::string& path, EntryType type = EntryType::File) {
  archive::Entry entry;
  entry.path = path;
  entry.type = type;
  return lineage.take(entry);
}

TEST(PathLineage, LetsATreePass) {
  PathLineage lineage;

  for (const auto* path : {".", "etc", "etc/a", "etc/a/b"}) EXPECT_EQ(take(lineage, path, EntryType::Directory), "");
  for (const auto* path : {"etc/a/b/c", "etc/a-b", "etc/a.conf", "etcetera", "home/x", "srv"})
    EXPECT_EQ(take(lineage, path), "") << path;
}

TEST(PathLineage, LetsEntriesPassWhoseDirectoriesHaveNone) {
  PathLineage lineage;

  EXPECT_EQ(take(lineage, "etc/a/b"), "");
  EXPECT_EQ(take(lineage, "etc/a/c"), "");
  EXPECT_EQ(take(lineage, "etc/a", EntryType::Directory), "");
}

TEST(PathLineage, RefusesASecondEntryOfAPath) {
  const std::string refusal = "an entry before it has this path too, and is kept";
  PathLineage lineage;
  take(lineage, ".", EntryType::Directory);
  take(lineage, "etc", EntryType::Directory);
  take(lineage, "etc/h", EntryType::Hardlink);

  EXPECT_EQ(take(lineage, "etc/h"), refusal);
  EXPECT_EQ(take(lineage, "etc/h"), refusal);
  EXPECT_EQ(take(lineage, "etc", EntryType::Symlink), refusal);
  EXPECT_EQ(take(lineage, ".", EntryType::Directory), refusal);
  EXPECT_EQ(take(lineage, "etc/i"), "");
}

TEST(PathLineage, RefusesWhatLiesBelowALinkOrAFile) {
  PathLineage lineage;
  take(lineage, "etc", EntryType::Directory);
  take(lineage, "etc/out", EntryType::Symlink);

  EXPECT_EQ(take(lineage, "etc/out/x"), "etc/out, which it lies below, is no directory");
  EXPECT_EQ(take(lineage, "etc/out/x/y"), "etc/out, which it lies below, is no directory");
  EXPECT_EQ(take(lineage, "etc/outside"), "");
}

TEST(PathLineage, IsNotInTheWayOfATreeWhoseRootIsNoDirectory) {
  PathLineage lineage;
  take(lineage, ".", EntryType::Symlink);

  EXPECT_EQ(take(lineage, "etc", EntryType::Directory), "");
  EXPECT_EQ(take(lineage, "etc/a"), "");
}

}  // namespace
}  // namespace osbackup::restore
