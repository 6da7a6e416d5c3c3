#include "backup/name_list.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "core/error.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

using testing::ElementsAre;

constexpr std::size_t kSmall = 256;
constexpr std::size_t kLarge = 1U << 20U;

std::vector<std::string> shuffled_names(std::size_t count, unsigned seed) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back("n\xff" + std::to_string(i * 7919));
  std::shuffle(names.begin(), names.end(), std::mt19937(seed));
  return names;
}

class NameListTest : public testing::Test {
 protected:
  NameList list_of(const std::vector<std::string>& names, std::size_t bytes_max) {
    NameList list(spill_, bytes_max);
    for (const std::string& name : names) list.add(name);
    list.sort();
    return list;
  }
  static std::vector<std::string> rest_of(NameList& list) {
    std::vector<std::string> names;
    while (const char* name = list.take()) names.emplace_back(name);
    return names;
  }
  static std::vector<std::string> sorted(std::vector<std::string> names) {
    std::sort(names.begin(), names.end());
    return names;
  }

  test::TemporaryFolder folder_;
  NameSpill spill_{folder_.path()};
};

TEST_F(NameListTest, GivesNamesInTheOrderOfTheirBytes) {
  NameList list = list_of({"b", "\xff", "a-", "a", "B", "a b"}, kLarge);

  EXPECT_THAT(rest_of(list), ElementsAre("B", "a", "a b", "a-", "b", "\xff"));
  EXPECT_TRUE(list.at_end());
  EXPECT_EQ(spill_.held_bytes(), 0U) << "so few need no file";
}

TEST_F(NameListTest, IsAtItsEndWithoutNames) {
  NameList list = list_of({}, kSmall);

  EXPECT_TRUE(list.at_end());
  EXPECT_EQ(list.take(), nullptr);
}

TEST_F(NameListTest, MergesWhatHadNoRoomInMemory) {
  const std::vector<std::string> names = shuffled_names(5000, 1);

  NameList list = list_of(names, kSmall);

  EXPECT_GT(spill_.held_bytes(), 5000U);
  EXPECT_EQ(list.remaining(), 5000U);
  EXPECT_EQ(rest_of(list), sorted(names));
}

TEST_F(NameListTest, GivesANameOnceThatADirectoryGaveTwice) {
  NameList list = list_of({"b", "a", "b"}, kLarge);

  EXPECT_EQ(list.remaining(), 2U);
  EXPECT_THAT(rest_of(list), ElementsAre("a", "b"));
  EXPECT_TRUE(list.at_end());
}

TEST_F(NameListTest, GivesANameOnceThatLiesInSeveralRuns) {
  const std::vector<std::string> once = shuffled_names(2000, 4);
  std::vector<std::string> names = once;
  names.insert(names.end(), once.begin(), once.begin() + 1000);
  NameList list = list_of(names, kSmall);
  std::vector<std::string> taken;

  while (const char* name = list.take()) {
    taken.emplace_back(name);
    if (taken.size() % 100 == 0) list.shrink();
  }

  EXPECT_EQ(taken, sorted(once));
  EXPECT_TRUE(list.at_end());
}

TEST_F(NameListTest, TakesNamesThatAreLongerThanItsMemory) {
  const std::vector<std::string> names = {std::string(70'000, 'b'), "c", std::string(70'000, 'a'), "d"};

  NameList list = list_of(names, kSmall);

  EXPECT_EQ(rest_of(list), sorted(names));
}

TEST_F(NameListTest, GoesOnWhereItWasWhenItIsShrunk) {
  for (const std::size_t bytes_max : {kSmall, kLarge}) {
    const std::vector<std::string> names = shuffled_names(300, 2);
    NameList list = list_of(names, bytes_max);
    std::vector<std::string> taken;
    while (const char* name = list.take()) {
      taken.emplace_back(name);
      if (taken.size() % 3 == 0) list.shrink();
    }

    EXPECT_EQ(taken, sorted(names)) << bytes_max;
  }
}

TEST_F(NameListTest, DoesNotGrowBeyondItsMemoryWhileNamesAreAdded) {
  constexpr std::size_t kBytesMax = 100'000;
  NameList list(spill_, kBytesMax);
  std::size_t most = 0;

  for (int i = 0; i < 5'000; ++i) {
    list.add(std::to_string(i) + std::string(200, 'n'));
    most = std::max(most, list.memory_bytes());
  }

  EXPECT_LE(most, kBytesMax);
}

TEST_F(NameListTest, TakesLittleMemoryWhenItIsShrunk) {
  NameList list = list_of(shuffled_names(5000, 3), kLarge);
  EXPECT_GT(list.memory_bytes(), 50'000U);

  list.shrink();

  EXPECT_LT(list.memory_bytes(), 100U);
  EXPECT_EQ(list.remaining(), 5000U);
}

TEST_F(NameListTest, GivesTheSpillsSpaceBack) {
  {
    NameList first = list_of(shuffled_names(1000, 4), kSmall);
    {
      NameList second = list_of(shuffled_names(1000, 5), kSmall);
      NameList moved = std::move(second);
      moved.take();
    }
    rest_of(first);
    EXPECT_LT(spill_.held_bytes(), kSmall) << "of the run that is taken from last";
  }
  EXPECT_EQ(spill_.held_bytes(), 0U);
  EXPECT_EQ(spill_.end(), 0U);
}

TEST_F(NameListTest, ForgetsItsNames) {
  NameList list = list_of(shuffled_names(1000, 6), kSmall);
  list.take();

  list.clear();

  EXPECT_TRUE(list.at_end());
  EXPECT_EQ(spill_.held_bytes(), 0U);
  list.add("x");
  list.sort();
  EXPECT_THAT(rest_of(list), ElementsAre("x"));
}

TEST_F(NameListTest, LeavesNoFileBehind) {
  NameList list = list_of(shuffled_names(1000, 7), kSmall);

  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(NameListTest, FailsWhenThereIsNoPlaceForItsFile) {
  NameSpill nowhere("/nonexistent");
  NameList list(nowhere, kSmall);
  const auto fill = [&] {
    for (const std::string& name : shuffled_names(100, 8)) list.add(name);
  };
  EXPECT_THROW(fill(), Error);
}

TEST_F(NameListTest, TakesAMillionNamesInAFewMegabytes) {
  constexpr std::size_t kBytesMax = 16U << 20U;
  NameList list(spill_, kBytesMax);
  std::size_t most = 0;
  std::string name;
  for (std::size_t i = 0; i < 1'000'000; ++i) {
    name = "a-file-with-a-longer-name-" + std::to_string(i * 7919 % 1'000'003);
    list.add(name);
    if (i % 1000 == 0) most = std::max(most, list.memory_bytes());
  }
  list.sort();
  std::size_t count = 0;
  for (std::string last; const char* next = list.take(); ++count) {
    ASSERT_LT(last, next);
    last = next;
  }

  EXPECT_EQ(count, 1'000'000U);
  EXPECT_LT(most, 2 * kBytesMax);
  EXPECT_LT(list.memory_bytes(), 1U << 20U);
}

}  // namespace
}  // namespace osbackup::backup
