#include "archive/entry.hpp"

#include <gmock/gmock.h>

namespace osbackup::archive {
namespace {

Entry entry_of(EntryType type, std::uint64_t size) {
  Entry entry;
  entry.type = type;
  entry.size = size;
  return entry;
}

TEST(StoredBytes, AreAFilesWholeSize) {
  EXPECT_EQ(stored_bytes(entry_of(EntryType::File, 0)), 0U);
  EXPECT_EQ(stored_bytes(entry_of(EntryType::File, 12'345'678'901)), 12'345'678'901U);
}

TEST(StoredBytes, OfASparseFileAreWithoutItsHoles) {
  Entry entry = entry_of(EntryType::File, 1'000'000);
  entry.sparse = true;
  EXPECT_EQ(stored_bytes(entry), 0U);

  entry.extents = {{.offset = 4096, .length = 10}, {.offset = 65'536, .length = 20}};
  EXPECT_EQ(stored_bytes(entry), 30U);
}

TEST(StoredBytes, AreNoneForWhatIsNoFile) {
  // A hard link's size is that of what it links to; the content is stored there.
  EXPECT_EQ(stored_bytes(entry_of(EntryType::Hardlink, 100)), 0U);
  for (const EntryType type :
       {EntryType::Directory, EntryType::Symlink, EntryType::Fifo, EntryType::CharacterDevice, EntryType::BlockDevice})
    EXPECT_EQ(stored_bytes(entry_of(type, 0)), 0U);
}

}  // namespace
}  // namespace osbackup::archive
