#include "restore/entry_path.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/fails_with.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;

archive::Entry entry_at(const std::string& path, EntryType type = EntryType::File, const std::string& target = "") {
  archive::Entry entry;
  entry.path = path;
  entry.type = type;
  entry.target = target;
  return entry;
}

auto is_refused(const std::string& why) { return test::fails_with(ErrorKind::Refused, why); }

TEST(EntryPath, IsTakenWhenItStaysBelowTheTarget) {
  EXPECT_NO_THROW(check_paths(entry_at("etc/passwd")));
  EXPECT_NO_THROW(check_paths(entry_at("...")));
  EXPECT_NO_THROW(check_paths(entry_at("etc/..x/-\n\xff")));
  EXPECT_NO_THROW(check_paths(entry_at(".", EntryType::Directory)));
  EXPECT_NO_THROW(check_paths(entry_at("x", EntryType::Symlink, "/anywhere/../at/all")));
  EXPECT_NO_THROW(check_paths(entry_at("x", EntryType::Hardlink, "etc/passwd")));
}

TEST(EntryPath, IsRefusedWhenItIsAbsolute) {
  EXPECT_THAT([] { check_paths(entry_at("/etc/passwd")); }, is_refused("its path is absolute"));
}

TEST(EntryPath, IsRefusedWhenANameLeadsElsewhereOrNowhere) {
  for (const char* path : {"", "..", "../x", "etc/..", "etc/../x", "./x", "etc/./x", "etc//x", "etc/"})
    EXPECT_THAT([&] { check_paths(entry_at(path)); }, is_refused("its path leads out of the target, or nowhere"))
        << path;
  EXPECT_THAT([] { check_paths(entry_at(std::string("a\0b", 3))); }, is_refused("its path"));
}

TEST(EntryPath, IsRefusedWhenItIsTheTargetButNoDirectory) {
  EXPECT_THAT([] { check_paths(entry_at(".", EntryType::Symlink, "x")); }, is_refused("the target itself"));
}

TEST(EntryPath, IsRefusedWhenItIsTooLong) {
  std::string path = "a";
  while (path.size() <= archive::kPathBytesMax) path += "/a";
  EXPECT_THAT([&] { check_paths(entry_at(path)); }, is_refused("has more than 262144 bytes"));
}

TEST(EntryPath, IsRefusedWithAHardLinkToElsewhere) {
  for (const char* target : {"", "..", "../etc/passwd", "etc/../../x", "etc//x"})
    EXPECT_THAT([&] { check_paths(entry_at("x", EntryType::Hardlink, target)); }, is_refused("what it links to"))
        << target;
  EXPECT_THAT([] { check_paths(entry_at("x", EntryType::Hardlink, "/etc/shadow")); },
              is_refused("what it links to, /etc/shadow, is absolute"));
  EXPECT_THAT([] { check_paths(entry_at("x", EntryType::Hardlink, ".")); }, is_refused("the target itself"));
}

TEST(EntryPath, FallsIntoTheDirectoryAndTheName) {
  EXPECT_EQ(parent_of("etc/ssh/config"), "etc/ssh");
  EXPECT_EQ(name_in("etc/ssh/config"), "config");
  EXPECT_EQ(parent_of("etc"), ".");
  EXPECT_EQ(name_in("etc"), "etc");
}

}  // namespace
}  // namespace osbackup::restore
