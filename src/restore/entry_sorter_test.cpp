#include "restore/entry_sorter.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <random>
#include <string>

#include "archive/index_path.hpp"
#include "support/fails_with.hpp"
#include "support/listed_entries.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::restore {
namespace {

using archive::IndexEntry;
using test::file_entry;
using testing::ElementsAre;
using testing::IsEmpty;

/// So little that nearly every entry goes to the file.
constexpr std::size_t kNoMemory = 1;

class EntrySorterTest : public testing::Test {
 protected:
  static std::vector<std::string> lines_of(archive::EntrySource& source) {
    std::vector<std::string> lines;
    while (const auto entry = source.next()) lines.push_back(archive::index_line(*entry));
    return lines;
  }
  static std::vector<std::string> paths_of(archive::EntrySource& source) {
    std::vector<std::string> paths;
    while (const auto entry = source.next()) paths.push_back(entry->entry.path);
    return paths;
  }
  static std::vector<std::string> lines_of(EntrySorter& sorter) { return lines_of(*sorter.sorted()); }

  EntrySorter with_memory(std::size_t memory_bytes, SortKey key = SortKey::Path) const {
    return {folder_.path(), key, memory_bytes};
  }

  test::TemporaryFolder folder_;
};

TEST_F(EntrySorterTest, GivesPathsInTheOrderOfArchives) {
  EntrySorter sorter = with_memory(EntrySorter::kMemoryBytes);
  for (const char* path : {"etc-x", "etc/a-b", "etc/a/b", ".", "etc", "etc/a"}) sorter.add(file_entry(path));

  EXPECT_THAT(paths_of(*sorter.sorted()), ElementsAre(".", "etc", "etc/a", "etc/a/b", "etc/a-b", "etc-x"));
}

TEST_F(EntrySorterTest, SortsRandomEntriesWithAnyAmountOfMemory) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<IndexEntry> entries;
    for (std::uint64_t i = random() % 200; i > 0; --i) {
      std::string path = std::to_string(random() % 30);
      if (random() % 2 == 0) path += "/" + std::string(random() % 20'000, 'x');
      entries.push_back(file_entry(path, std::to_string(i)));
    }
    const std::size_t memory_bytes = 2'000 + random() % 500'000;
    EntrySorter sorter = with_memory(memory_bytes);
    for (const IndexEntry& entry : entries) sorter.add(entry);
    std::stable_sort(entries.begin(), entries.end(), [](const IndexEntry& left, const IndexEntry& right) {
      return archive::comes_before(left.entry.path, right.entry.path);
    });
    test::ListedEntries expected(entries);

    EXPECT_EQ(lines_of(sorter), lines_of(expected)) << "seed " << seed << ", memory " << memory_bytes;
  }
}

TEST_F(EntrySorterTest, KeepsAllOfAnEntryButItsPlacement) {
  IndexEntry entry = test::hard_link_entry("a\xff", "b", "content");
  entry.entry.user = "root";
  entry.entry.flags = "i";
  entry.entry.mtime = {.tv_sec = std::numeric_limits<std::int64_t>::min(), .tv_nsec = 999'999'999};
  entry.entry.ctime.tv_sec = std::numeric_limits<std::int64_t>::max();
  entry.attributes_digest = crypto::Sha256Digest{};
  EntrySorter sorter = with_memory(kNoMemory);
  sorter.add(entry);
  IndexEntry placed = file_entry("b");
  placed.placement = {.directory = 1, .member = 2, .skip = 3, .span = 4};
  sorter.add(placed);

  EXPECT_THAT(lines_of(sorter), ElementsAre(archive::index_line(entry), archive::index_line(file_entry("b"))));
}

TEST_F(EntrySorterTest, LeavesEntriesOfOnePathAsTheyCame) {
  EntrySorter sorter = with_memory(kNoMemory);
  for (const char* content : {"1", "2", "3"}) sorter.add(file_entry("a", content));

  EXPECT_THAT(lines_of(sorter),
              ElementsAre(archive::index_line(file_entry("a", "1")), archive::index_line(file_entry("a", "2")),
                          archive::index_line(file_entry("a", "3"))));
}

TEST_F(EntrySorterTest, SortsHardLinksByWhatTheyLinkTo) {
  EntrySorter sorter = with_memory(kNoMemory, SortKey::Target);
  sorter.add(test::hard_link_entry("a", "z", ""));
  sorter.add(test::hard_link_entry("b", "c", ""));

  EXPECT_THAT(paths_of(*sorter.sorted()), ElementsAre("b", "a"));
}

TEST_F(EntrySorterTest, CanBeReadAgain) {
  for (const std::size_t memory_bytes : {kNoMemory, EntrySorter::kMemoryBytes}) {
    EntrySorter sorter = with_memory(memory_bytes);
    for (const char* path : {"c", "b", "a"}) sorter.add(file_entry(path));
    lines_of(sorter);

    EXPECT_THAT(paths_of(*sorter.sorted()), ElementsAre("a", "b", "c"));
  }
}

TEST_F(EntrySorterTest, MayBeEmpty) {
  EntrySorter sorter = with_memory(kNoMemory);
  EXPECT_TRUE(sorter.empty());
  EXPECT_THAT(lines_of(sorter), IsEmpty());

  sorter.add(file_entry("a"));
  EXPECT_FALSE(sorter.empty());
}

TEST_F(EntrySorterTest, RefusesMoreThanItsLimit) {
  EntrySorter sorter = with_memory(kNoMemory);
  for (std::size_t i = 0; i < EntrySorter::kRunsMax; ++i) sorter.add(file_entry(std::to_string(i)));

  EXPECT_THAT([&] { sorter.add(file_entry("a")); },
              test::fails_with(ErrorKind::Usage, "too many objects to put them in order"));
}

}  // namespace
}  // namespace osbackup::restore
