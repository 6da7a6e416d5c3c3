#include "archive/zip_directory.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "archive/zip_writer.hpp"
#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/made_archive.hpp"
#include "support/project_file.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;
using test::SparseBytes;
using testing::ElementsAre;

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (; bytes > 0; --bytes, value >>= 8U) text += static_cast<char>(value & 0xFFU);
  return text;
}
std::string u16(std::uint64_t value) { return little_endian(value, 2); }
std::string u32(std::uint64_t value) { return little_endian(value, 4); }
std::string u64(std::uint64_t value) { return little_endian(value, 8); }

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

ZipDirectory opened(std::string_view text) {
  const auto bytes = bytes_of(text);
  return ZipDirectory(std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end())));
}

std::vector<std::string> names_in(const ZipDirectory& zip) {
  std::vector<std::string> names;
  for (const ZipEntry& entry : zip.entries()) names.push_back(entry.name);
  return names;
}

/// A zip by hand, of entries without content, whose numbers a test changes.
struct HandMade {
  std::vector<std::string> names = {"a", "b"};
  std::string local_name = {};  ///< Of all of them, if it is not empty.
  std::uint64_t flags = 0;
  std::uint64_t method = 0;
  std::uint64_t packed = 0;
  std::uint64_t bytes = 0;
  std::uint64_t entry_disk = 0;
  std::uint64_t offset_shift = 0;
  std::string extra = {};
  std::uint64_t disk = 0;
  std::uint64_t count = 2;
  std::uint64_t directory_shift = 0;
  std::string zip64 = {};
  std::string comment = {};

  std::string build() const {
    std::string text;
    std::string central;
    for (const std::string& name : names) {
      const std::string& local = local_name.empty() ? name : local_name;
      central += "PK\x01\x02" + u16(45) + u16(45) + u16(flags) + u16(method) + u32(0) + u32(0) + u32(packed) +
                 u32(bytes) + u16(name.size()) + u16(extra.size()) + u16(0) + u16(entry_disk) + u16(0) + u32(0) +
                 u32(text.size() + offset_shift) + name + extra;
      text += "PK\x03\x04" + u16(45) + u16(flags) + u16(method) + u32(0) + u32(0) + u32(0) + u32(0) +
              u16(local.size()) + u16(0) + local;
    }
    return text + central + zip64 + "PK\x05\x06" + u16(disk) + u16(0) + u16(count) + u16(count) + u32(central.size()) +
           u32(text.size() + directory_shift) + u16(comment.size()) + comment;
  }
};

TEST(ZipDirectory, SaysWhereOurWritersEntriesLie) {
  const auto bytes = std::make_shared<SparseBytes>();
  ZipWriter writer(*bytes, {});
  std::vector<ZipPlace> places;
  for (const std::string_view name : {"etc.tar.gz", "osbackup/manifest.json"}) {
    writer.begin_entry(std::string(name));
    writer.write(bytes_of(name));
    places.push_back(writer.end_entry());
  }
  writer.finish();

  const ZipDirectory zip(bytes);

  EXPECT_THAT(names_in(zip), ElementsAre("etc.tar.gz", "osbackup/manifest.json"));
  for (std::size_t i = 0; i < places.size(); ++i) {
    const ZipEntry& entry = zip.entries()[i];
    EXPECT_EQ((ZipPlace{zip.data_offset(entry), entry.bytes}), places[i]);
    EXPECT_TRUE(entry.is_stored());
    EXPECT_EQ(zip.find(entry.name), &entry);
  }
  EXPECT_EQ(zip.find("etc"), nullptr);
}

TEST(ZipDirectory, ReadsZip64SizesAndOffsets) {
  const auto bytes = std::make_shared<SparseBytes>();
  ZipWriter writer(*bytes, {});
  std::vector<ZipPlace> places;
  for (const std::string name : {"large", "behind"}) {
    writer.begin_entry(name);
    for (int mib = 0; mib < (name == "large" ? 5 * 1024 : 1); ++mib) writer.write(bytes->zeros(1U << 20U));
    places.push_back(writer.end_entry());
  }
  writer.finish();

  const ZipDirectory zip(bytes);

  for (std::size_t i = 0; i < places.size(); ++i)
    EXPECT_EQ((ZipPlace{zip.data_offset(zip.entries()[i]), zip.entries()[i].bytes}), places[i]);
  EXPECT_GT(places[1].offset, std::uint64_t{5} << 30U);
}

TEST(ZipDirectory, ReadsMoreEntriesThan16BitsCount) {
  const auto bytes = std::make_shared<SparseBytes>();
  ZipWriter writer(*bytes, {});
  for (int i = 0; i < 70'000; ++i) {
    writer.begin_entry(std::to_string(i));
    writer.end_entry();
  }
  writer.finish();

  const ZipDirectory zip(bytes);

  EXPECT_EQ(zip.entries().size(), 70'000U);
  EXPECT_EQ(zip.find("69999"), &zip.entries().back());
}

class InfoZip : public testing::Test {
 protected:
  /// `made.zip`, which this command makes of the file `a` and the directory `d`.
  std::string zipped(const std::string& command) {
    std::filesystem::create_directory(folder_.path() / "d");
    std::ofstream(folder_.path() / "a") << std::string(100, 'a');
    std::ofstream(folder_.path() / "d/b") << "b";
    test::output_of({.text = command, .directory = folder_.path()});
    return test::content_of(folder_.path() / "made.zip");
  }

  test::TemporaryFolder folder_;
};

TEST_F(InfoZip, IsReadWhenItStores) {
  const std::string text = zipped("zip -q -0 -r made.zip a d");
  const ZipDirectory zip = opened(text);

  EXPECT_THAT(names_in(zip), ElementsAre("a", "d/", "d/b"));
  EXPECT_TRUE(zip.find("a")->is_stored());
  EXPECT_EQ(text.substr(zip.data_offset(*zip.find("a")), 100), std::string(100, 'a'));
  EXPECT_EQ(text.substr(zip.data_offset(*zip.find("d/b")), 1), "b");
}

TEST_F(InfoZip, IsReadWhenItStreams) {
  const ZipDirectory zip = opened(zipped("zip -q - a | cat > made.zip"));

  EXPECT_EQ(zip.entries().at(0).bytes, 100U);
  zip.data_offset(zip.entries()[0]);
}

TEST_F(InfoZip, IsListedWhenItCompressesOrEncrypts) {
  const ZipDirectory compressed = opened(zipped("zip -q made.zip a"));
  EXPECT_EQ(compressed.entries().at(0).method, 8);
  EXPECT_EQ(compressed.entries()[0].bytes, 100U);
  EXPECT_FALSE(compressed.entries()[0].is_stored());

  const ZipDirectory encrypted = opened(zipped("rm made.zip && zip -q -0 -P secret made.zip a"));
  EXPECT_TRUE(encrypted.entries().at(0).is_encrypted);
  EXPECT_FALSE(encrypted.entries()[0].is_stored());
}

TEST_F(InfoZip, IsReadWithAComment) {
  EXPECT_EQ(opened(zipped("printf 'PK\\005\\006 and more' | zip -q -0 -z made.zip a")).entries().size(), 1U);
}

TEST(ZipDirectory, ReadsWhatIsMadeByHand) {
  const ZipDirectory zip = opened(HandMade().build());

  EXPECT_EQ(zip.data_offset(*zip.find("b")), 31 + 31U);
  EXPECT_EQ(opened(HandMade{.comment = std::string(65'535, 'c')}.build()).entries().size(), 2U);
}

void expect_corrupt(const HandMade& made, const std::string& message) {
  EXPECT_THAT([&] { opened(made.build()); }, fails_with(ErrorKind::Corrupt, message));
}

TEST(ZipDirectory, RefusesNamesThatLeadElsewhere) {
  using namespace std::string_literals;
  for (const std::string& name : {""s, "/etc"s, "a\0b"s, ".."s, "../a"s, "a/../b"s, "a/.."s})
    expect_corrupt({.names = {"a", name}}, "the zip's central directory, record 2 at byte ");
  EXPECT_EQ(opened(HandMade{.names = {"..a", "a../..b"}}.build()).entries().size(), 2U);
}

TEST(ZipDirectory, RefusesTwoEntriesOfOneName) { expect_corrupt({.names = {"a", "a"}}, "two entries \"a\""); }

TEST(ZipDirectory, RefusesEntriesThatOverlapOrReachIntoTheDirectory) {
  expect_corrupt({.packed = 1, .bytes = 1}, "entry \"b\" at byte 31: its 1 bytes reach into what follows at byte 62");
  expect_corrupt({.offset_shift = 1}, "entry \"b\" at byte 32");
  expect_corrupt({.offset_shift = 0xFFFFFF00}, "reach into what follows");
  expect_corrupt({.packed = 0xFFFFFFF0, .bytes = 0xFFFFFFF0}, "reach into what follows");
}

TEST(ZipDirectory, RefusesSizesThatDoNotBelongToAStoredEntry) {
  expect_corrupt({.packed = 0, .bytes = 1}, "a stored entry with two sizes");
}

TEST(ZipDirectory, RefusesZipsInParts) {
  expect_corrupt({.disk = 1}, "one of several parts");
  expect_corrupt({.entry_disk = 1}, "record 1 at byte 62: the zip is one of several parts");
}

TEST(ZipDirectory, RefusesACountThatIsWrong) {
  expect_corrupt({.count = 1}, "has 2 entries and says 1");
  expect_corrupt({.count = 3}, "cannot hold 3 entries");
}

TEST(ZipDirectory, RefusesADirectoryThatDoesNotEndAtTheEndRecord) {
  expect_corrupt({.directory_shift = 1}, "does not end at the end record");
  EXPECT_THAT([] { opened("in front" + HandMade().build()); },
              fails_with(ErrorKind::Corrupt, "does not end at the end record"));
}

TEST(ZipDirectory, RefusesZip64ValuesThatAreNotThere) {
  expect_corrupt({.packed = 0xFFFFFFFF, .bytes = 0xFFFFFFFF}, "should stand in a Zip64 field, and there is none");
  expect_corrupt({.packed = 0xFFFFFFFF, .bytes = 0xFFFFFFFF, .extra = u16(1) + u16(8) + u64(0)}, "cut off");
  expect_corrupt({.packed = 0xFFFFFFFF, .bytes = 0xFFFFFFFF, .extra = u16(1) + u16(16) + u64(0)}, "cut off");
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 63U;
  expect_corrupt({.packed = 0xFFFFFFFF, .bytes = 0xFFFFFFFF, .extra = u16(1) + u16(16) + u64(kHuge) + u64(kHuge)},
                 "its 9223372036854775808 bytes reach into what follows");
}

TEST(ZipDirectory, RefusesZip64EndRecordsThatContradict) {
  const auto zip64 = [](std::uint64_t count, std::uint64_t offset, std::uint64_t locator) {
    return "PK\x06\x06" + u64(44) + u16(45) + u16(45) + u32(0) + u32(0) + u64(count) + u64(count) + u64(94) +
           u64(offset) + "PK\x06\x07" + u32(0) + u64(locator) + u32(1);
  };
  EXPECT_EQ(opened(HandMade{.zip64 = zip64(2, 62, 156)}.build()).entries().size(), 2U);

  expect_corrupt({.zip64 = zip64(3, 62, 156)}, "disagree");
  expect_corrupt({.zip64 = zip64(2, 63, 156)}, "does not end at the Zip64 end record");
  expect_corrupt({.zip64 = zip64(2, 62, 155)}, "points to no Zip64 end record");
  expect_corrupt({.zip64 = zip64(2, 62, ~std::uint64_t{0})}, "points to no Zip64 end record");
  expect_corrupt({.count = 0xFFFF, .zip64 = zip64(~std::uint64_t{0}, 62, 156)}, "cannot hold 18446744073709551615");
}

TEST(ZipDirectory, RefusesADirectoryLargerThanItsLimit) {
  HandMade made{.names = {}, .count = 0};
  made.names.assign(300, std::string(65'000, 'n'));
  made.count = made.names.size();

  expect_corrupt(made, "at most 16777216 are read");
}

TEST(ZipDirectory, RefusesWhatIsNoZip) {
  for (const std::string& text : {std::string(), std::string(21, 'x'), std::string(100'000, 'x')})
    EXPECT_THAT([&] { opened(text); }, fails_with(ErrorKind::Corrupt, "zip"));
}

TEST(ZipDirectory, RefusesLocalHeadersThatSaySomethingElse) {
  const ZipDirectory other_name = opened(HandMade{.local_name = "c"}.build());
  EXPECT_THAT([&] { other_name.data_offset(other_name.entries()[1]); },
              fails_with(ErrorKind::Corrupt, "the zip's local header of \"b\" at byte 31: another name"));

  std::string text = HandMade().build();
  text[31 + 18] = 1;  // The packed size of the second.
  const ZipDirectory other_size = opened(text);
  other_size.data_offset(other_size.entries()[0]);
  EXPECT_THAT([&] { other_size.data_offset(other_size.entries()[1]); }, fails_with(ErrorKind::Corrupt, "another size"));

  text = HandMade().build();
  text[28] = 1;  // The length of the first one's extra field, which would reach into the second entry.
  const ZipDirectory reaching = opened(text);
  EXPECT_THAT([&] { reaching.data_offset(reaching.entries()[0]); }, fails_with(ErrorKind::Corrupt, "would reach into"));
}

TEST(ZipDirectory, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/zip_directory");
  EXPECT_GE(corpus.size(), 8U);
  std::size_t entries = 0;
  for (const std::string& text : corpus) {
    try {
      const ZipDirectory zip = opened(text);
      entries += zip.entries().size();
      for (const ZipEntry& entry : zip.entries()) EXPECT_LE(zip.data_offset(entry), text.size());
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    }
  }
  EXPECT_GE(entries, 8U);
}

}  // namespace
}  // namespace osbackup::archive
