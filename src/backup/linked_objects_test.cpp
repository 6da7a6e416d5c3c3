#include "backup/linked_objects.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>

#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

crypto::Sha256Digest digest_of(std::string_view text) { return crypto::sha256(std::as_bytes(std::span(text))); }

class LinkedObjectsTest : public testing::Test {
 protected:
  LinkedObject add(ino_t inode, const std::string& path, std::uint64_t other_names = 1) {
    return objects_.add({kDevice, inode}, {.record = 0, .first_path = path, .size = inode * 10}, other_names);
  }
  std::optional<LinkedObject> take(ino_t inode) { return objects_.take_name({kDevice, inode}); }

  static constexpr dev_t kDevice = 7;
  test::TemporaryFolder folder_;
  LinkedObjects objects_{folder_.path()};
};

TEST_F(LinkedObjectsTest, AFurtherNameFindsTheFirst) {
  const LinkedObject added = add(12, "etc/first");

  const std::optional<LinkedObject> found = take(12);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->record, added.record);
  EXPECT_EQ(found->first_path, "etc/first");
  EXPECT_EQ(found->size, 120U);
}

TEST_F(LinkedObjectsTest, AnObjectIsForgottenWithItsLastName) {
  add(12, "first", 2);

  EXPECT_TRUE(take(12));
  EXPECT_TRUE(take(12));
  EXPECT_FALSE(take(12));
}

TEST_F(LinkedObjectsTest, OneInodeNumberOnTwoDevicesIsTwoObjects) {
  add(12, "first");

  EXPECT_FALSE(objects_.take_name({kDevice + 1, 12}));
}

TEST_F(LinkedObjectsTest, TheNextDirectoryKnowsNothingOfTheOneBefore) {
  add(12, "first");

  objects_.begin_directory();

  EXPECT_FALSE(take(12));
}

TEST_F(LinkedObjectsTest, ADigestIsKeptForTheOtherNames) {
  const std::uint64_t first = add(1, "one").record;
  const std::uint64_t second = add(2, "two").record;
  objects_.set_digest(first, digest_of("content of one"));

  EXPECT_EQ(objects_.digest(first), digest_of("content of one"));
  EXPECT_EQ(objects_.digest(second), std::nullopt);
  EXPECT_EQ(take(1)->first_path, "one");
}

TEST(OpenLinkTableTest, AgreesWithAMapWhateverComesAndGoes) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  OpenLinkTable table;
  std::map<std::uint32_t, std::uint32_t> expected;  // Record to hash.
  const auto find = [&](std::uint32_t record, std::uint32_t hash) {
    return table.find(hash, [&](std::uint32_t there) { return there == record; });
  };

  for (std::uint32_t record = 1; record < 20'000; ++record) {
    // Few hashes, so that many want the same place; the largest wrap around the end.
    const auto hash = static_cast<std::uint32_t>(random() % 5'000 + (random() % 2 == 0 ? 0xFFFFFF00U : 0U));
    table.insert({.hash = hash, .names_left = 1, .record = record});
    expected[record] = hash;
    if (random() % 3 == 0) {
      const auto victim = expected.lower_bound(static_cast<std::uint32_t>(random() % record));
      if (victim == expected.end()) continue;
      OpenLinkTable::Entry* entry = find(victim->first, victim->second);
      ASSERT_NE(entry, nullptr);
      table.erase(entry);
      ASSERT_EQ(find(victim->first, victim->second), nullptr);
      expected.erase(victim);
    }
  }

  EXPECT_EQ(table.size(), expected.size());
  for (const auto& [record, hash] : expected) ASSERT_NE(find(record, hash), nullptr) << record;
}

TEST(OpenLinkTableTest, DenseInodeNumbersSpread) {
  std::map<std::uint32_t, unsigned> places;
  for (ino_t inode = 1; inode <= 4096; ++inode) ++places[OpenLinkTable::hash_of({1, inode}) % 4096];

  // Of as many places as there are numbers, chance leaves about 37 of 100 empty.
  EXPECT_GT(places.size(), 4096U * 55 / 100);
}

}  // namespace
}  // namespace osbackup::backup
