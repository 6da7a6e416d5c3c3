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
  static struct stat file(ino_t inode, nlink_t names = 2) {
    struct stat status {};
    status.st_dev = 7;
    status.st_ino = inode;
    status.st_mode = S_IFREG | 0644;
    status.st_nlink = names;
    status.st_size = 120;
    status.st_mtim = {.tv_sec = 1'700'000'000, .tv_nsec = 5};
    return status;
  }

  test::TemporaryFolder folder_;
  LinkedObjects objects_{folder_.path()};
};

TEST_F(LinkedObjectsTest, AFurtherNameFindsTheFirst) {
  const LinkedObject added = objects_.add(file(12), "etc/first");

  const std::optional<LinkedObject> found = objects_.take_name(file(12));

  ASSERT_TRUE(found);
  EXPECT_EQ(found->record, added.record);
  EXPECT_EQ(found->first_path, "etc/first");
  EXPECT_EQ(found->size, 120U);
}

TEST_F(LinkedObjectsTest, AnObjectIsForgottenWithItsLastName) {
  objects_.add(file(12, 3), "first");

  EXPECT_TRUE(objects_.take_name(file(12, 3)));
  EXPECT_TRUE(objects_.take_name(file(12, 3)));
  EXPECT_FALSE(objects_.take_name(file(12, 3)));
}

TEST_F(LinkedObjectsTest, OneInodeNumberOnTwoDevicesIsTwoObjects) {
  objects_.add(file(12), "first");

  struct stat elsewhere = file(12);
  elsewhere.st_dev = 8;
  EXPECT_FALSE(objects_.take_name(elsewhere));
}

TEST_F(LinkedObjectsTest, AnObjectThatOnlyGotTheNumberOfARemovedOneIsAnother) {
  const auto is_taken_for_the_same = [&](const struct stat& now) {
    objects_.begin_directory();
    objects_.add(file(12), "removed meanwhile");
    return objects_.take_name(now).has_value();
  };
  struct stat larger = file(12);
  ++larger.st_size;
  struct stat later = file(12);
  ++later.st_mtim.tv_sec;
  struct stat a_little_later = file(12);
  ++a_little_later.st_mtim.tv_nsec;
  struct stat fifo = file(12);
  fifo.st_mode = S_IFIFO | 0644;

  EXPECT_TRUE(is_taken_for_the_same(file(12)));
  EXPECT_FALSE(is_taken_for_the_same(larger));
  EXPECT_FALSE(is_taken_for_the_same(later));
  EXPECT_FALSE(is_taken_for_the_same(a_little_later));
  EXPECT_FALSE(is_taken_for_the_same(fifo));
  // What has the number now can be added in its place.
  objects_.add(fifo, "new");
  EXPECT_EQ(objects_.take_name(fifo)->first_path, "new");
}

TEST_F(LinkedObjectsTest, TheNextDirectoryKnowsNothingOfTheOneBefore) {
  objects_.add(file(12), "first");

  objects_.begin_directory();

  EXPECT_FALSE(objects_.take_name(file(12)));
}

TEST_F(LinkedObjectsTest, ADigestIsKeptForTheOtherNames) {
  const std::uint64_t first = objects_.add(file(1), "one").record;
  const std::uint64_t second = objects_.add(file(2), "two").record;
  objects_.set_digest(first, digest_of("content of one"));

  EXPECT_EQ(objects_.digest(first), digest_of("content of one"));
  EXPECT_EQ(objects_.digest(second), std::nullopt);
  EXPECT_EQ(objects_.take_name(file(1))->first_path, "one");
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
