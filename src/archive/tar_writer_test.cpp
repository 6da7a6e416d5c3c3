#include "archive/tar_writer.hpp"

#include <gmock/gmock.h>

#include <array>
#include <charconv>
#include <cstring>
#include <string>

#include "archive/ustar_header.hpp"

namespace osbackup::archive {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr time_t kMonday = 1'763'976'600;

Entry entry_of(EntryType type, const std::string& path) {
  Entry entry;
  entry.path = path;
  entry.type = type;
  entry.mode = 0644;
  entry.user = "root";
  entry.group = "root";
  entry.mtime = {.tv_sec = kMonday, .tv_nsec = 0};
  return entry;
}

template <std::size_t Bytes>
std::string text_of(const std::array<char, Bytes>& field) {
  return {field.data(), strnlen(field.data(), Bytes)};
}

/// What append_headers() wrote for one entry, taken apart.
struct Written {
  std::vector<std::pair<std::string, std::string>> pax;  ///< Empty when there is no pax header.
  UstarHeader pax_header{};
  UstarHeader header{};
  std::string map;  ///< What follows the header.
};

std::vector<std::pair<std::string, std::string>> pax_records(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> records;
  while (!text.empty()) {
    std::size_t bytes = 0;
    std::from_chars(text.data(), text.data() + text.size(), bytes);
    const std::string_view record = text.substr(0, bytes);
    const std::size_t keyword = record.find(' ') + 1;
    const std::size_t value = record.find('=') + 1;
    records.emplace_back(record.substr(keyword, value - keyword - 1), record.substr(value, bytes - value - 1));
    text.remove_prefix(bytes);
  }
  return records;
}

Written write(const Entry& entry) {
  std::vector<std::byte> out;
  TarWriter(out).append_headers(entry);
  EXPECT_EQ(out.size() % kTarRecordBytes, 0U);

  Written written;
  std::size_t at = 0;
  std::memcpy(&written.header, out.data(), kTarRecordBytes);
  if (written.header.type == 'x') {
    written.pax_header = written.header;
    const std::size_t bytes = std::stoul(text_of(written.header.size), nullptr, 8);
    written.pax = pax_records({reinterpret_cast<const char*>(out.data()) + kTarRecordBytes, bytes});
    at = kTarRecordBytes + in_whole_records(bytes);
    std::memcpy(&written.header, out.data() + at, kTarRecordBytes);
  }
  at += kTarRecordBytes;
  written.map.assign(reinterpret_cast<const char*>(out.data()) + at, out.size() - at);
  return written;
}

TEST(TarWriter, SaysAnOrdinaryFileInOneRecord) {
  Entry entry = entry_of(EntryType::File, "etc/passwd");
  entry.mode = 04755;
  entry.uid = 10;
  entry.gid = 2'097'151;
  entry.size = 1877;

  const Written written = write(entry);

  EXPECT_THAT(written.pax, IsEmpty());
  EXPECT_EQ(text_of(written.header.name), "etc/passwd");
  EXPECT_EQ(written.header.type, '0');
  EXPECT_EQ(text_of(written.header.mode), "0004755");
  EXPECT_EQ(text_of(written.header.uid), "0000012");
  EXPECT_EQ(text_of(written.header.gid), "7777777");
  EXPECT_EQ(text_of(written.header.size), "00000003525");
  EXPECT_EQ(text_of(written.header.mtime), "15111022630");
  EXPECT_EQ(text_of(written.header.uname), "root");
  EXPECT_EQ(text_of(written.header.gname), "root");
  EXPECT_EQ(written.map, "");
}

TEST(TarWriter, WritesADirectoryWithASlash) {
  EXPECT_EQ(text_of(write(entry_of(EntryType::Directory, "etc")).header.name), "etc/");
  EXPECT_EQ(text_of(write(entry_of(EntryType::Directory, ".")).header.name), "./");
  EXPECT_EQ(write(entry_of(EntryType::Directory, "etc")).header.type, '5');

  const std::string long_path(100, 'd');
  EXPECT_THAT(write(entry_of(EntryType::Directory, long_path)).pax, ElementsAre(Pair("path", long_path + '/')));
}

TEST(TarWriter, GivesThePaxHeaderANameOfItsOwnAndNoTime) {
  Entry entry = entry_of(EntryType::File, "var/lib/" + std::string(250, 'n'));

  const Written written = write(entry);

  EXPECT_THAT(written.pax, ElementsAre(Pair("path", entry.path)));
  EXPECT_EQ(written.pax_header.type, 'x');
  EXPECT_EQ(text_of(written.pax_header.name), "PaxHeaders/" + std::string(89, 'n'));
  EXPECT_EQ(text_of(written.pax_header.mtime), "00000000000");
  EXPECT_EQ(text_of(written.pax_header.mode), "0000644");
  EXPECT_EQ(text_of(written.header.name), ("var/lib/" + std::string(92, 'n')));
}

TEST(TarWriter, SaysInPaxWhatIsTooLargeForUstarAndTheNearestInUstar) {
  Entry entry = entry_of(EntryType::File, "f");
  entry.uid = 2'097'152;
  entry.gid = 4'294'967'294;
  entry.size = 8'589'934'592;
  entry.mtime = {.tv_sec = 8'589'934'592, .tv_nsec = 0};
  entry.user = std::string(32, 'u');
  entry.group = std::string(32, 'g');

  const Written written = write(entry);

  EXPECT_THAT(written.pax,
              ElementsAre(Pair("size", "8589934592"), Pair("mtime", "8589934592"), Pair("uid", "2097152"),
                          Pair("gid", "4294967294"), Pair("uname", entry.user), Pair("gname", entry.group)));
  EXPECT_EQ(text_of(written.header.uid), "7777777");
  EXPECT_EQ(text_of(written.header.gid), "7777777");
  EXPECT_EQ(text_of(written.header.size), "77777777777");
  EXPECT_EQ(text_of(written.header.mtime), "77777777777");
  EXPECT_EQ(text_of(written.header.uname), std::string(31, 'u'));
  EXPECT_EQ(text_of(written.header.gname), std::string(31, 'g'));
}

TEST(TarWriter, NeedsNoPaxForTheLargestThatUstarCanSay) {
  Entry entry = entry_of(EntryType::File, "f");
  entry.uid = 2'097'151;
  entry.gid = 2'097'151;
  entry.size = 8'589'934'591;
  entry.mtime = {.tv_sec = 8'589'934'591, .tv_nsec = 0};
  entry.user = std::string(31, 'u');
  entry.group = std::string(31, 'g');

  EXPECT_THAT(write(entry).pax, IsEmpty());
}

TEST(TarWriter, SaysInPaxATimeWithNanosecondsOrBefore1970) {
  Entry entry = entry_of(EntryType::File, "f");

  entry.mtime = {.tv_sec = kMonday, .tv_nsec = 1};
  EXPECT_THAT(write(entry).pax, ElementsAre(Pair("mtime", "1763976600.000000001")));
  EXPECT_EQ(text_of(write(entry).header.mtime), "15111022630");

  entry.mtime = {.tv_sec = -2, .tv_nsec = 500'000'000};
  EXPECT_THAT(write(entry).pax, ElementsAre(Pair("mtime", "-1.500000000")));
  EXPECT_EQ(text_of(write(entry).header.mtime), "00000000000");

  entry.mtime = {};
  EXPECT_THAT(write(entry).pax, IsEmpty());
}

TEST(TarWriter, WritesALinkWithItsTargetAndNoContent) {
  Entry link = entry_of(EntryType::Hardlink, "b");
  link.size = 100;
  link.target = std::string(100, 't');
  const Written written = write(link);
  EXPECT_THAT(written.pax, IsEmpty());
  EXPECT_EQ(written.header.type, '1');
  EXPECT_EQ(text_of(written.header.linkname), link.target);
  EXPECT_EQ(text_of(written.header.size), "00000000000");

  Entry symlink = entry_of(EntryType::Symlink, "s");
  symlink.target = std::string(101, 't');
  EXPECT_EQ(write(symlink).header.type, '2');
  EXPECT_THAT(write(symlink).pax, ElementsAre(Pair("linkpath", symlink.target)));
  EXPECT_EQ(text_of(write(symlink).header.linkname), std::string(100, 't'));
}

TEST(TarWriter, WritesTheNumbersOfDevicesOnly) {
  Entry device = entry_of(EntryType::CharacterDevice, "dev/tty");
  device.device_major = 5;
  device.device_minor = 2'097'151;
  EXPECT_EQ(write(device).header.type, '3');
  EXPECT_EQ(text_of(write(device).header.device_major), "0000005");
  EXPECT_EQ(text_of(write(device).header.device_minor), "7777777");

  device.type = EntryType::BlockDevice;
  EXPECT_EQ(write(device).header.type, '4');

  device.type = EntryType::Fifo;
  EXPECT_EQ(write(device).header.type, '6');
  EXPECT_EQ(text_of(write(device).header.device_major), "0000000");
}

Entry sparse_file(std::uint64_t size, std::vector<Extent> extents) {
  Entry entry = entry_of(EntryType::File, "var/log/lastlog");
  entry.size = size;
  entry.sparse = true;
  entry.extents = std::move(extents);
  return entry;
}

/// A sparse map as it stands in the tar.
std::string padded(std::string map) {
  map.resize(in_whole_records(map.size()));
  return map;
}

TEST(TarWriter, WritesASparseFileAsGnuTarDoes) {
  const Written written =
      write(sparse_file(20'000'000'000, {{.offset = 0, .length = 512}, {.offset = 8192, .length = 5}}));

  EXPECT_THAT(written.pax,
              ElementsAre(Pair("GNU.sparse.major", "1"), Pair("GNU.sparse.minor", "0"),
                          Pair("GNU.sparse.name", "var/log/lastlog"), Pair("GNU.sparse.realsize", "20000000000")));
  EXPECT_EQ(text_of(written.header.name), "var/log/GNUSparseFile.0/lastlog");
  EXPECT_EQ(written.header.type, '0');
  EXPECT_EQ(text_of(written.header.size), "00000002005");  // 512 of the map, and 517.
  EXPECT_EQ(written.map, padded("3\n0\n512\n8192\n5\n20000000000\n0\n"));
}

TEST(TarWriterDeathTest, RefusesExtentsThatGnuTarWouldRestoreShifted) {
  EXPECT_DEATH(write(sparse_file(100'000, {{.offset = 0, .length = 10}, {.offset = 8192, .length = 512}})),
               "extents_end_records");
}

TEST(TarWriterDeathTest, RefusesWhatNoScannerGives) {
  for (const std::string& path : {std::string(), std::string("/etc"), std::string("etc/"), std::string("a\0b", 3)})
    EXPECT_DEATH(write(entry_of(EntryType::File, path)), "is_relative_path") << path;
  EXPECT_DEATH(write(entry_of(EntryType::Symlink, "a")), "target");
  EXPECT_DEATH(write(entry_of(EntryType::Hardlink, "a")), "target");
  Entry device = entry_of(EntryType::BlockDevice, "a");
  device.device_minor = 2'097'152;
  EXPECT_DEATH(write(device), "kDeviceNumberMax");
}

TEST(TarWriter, EndsASparseMapWithTheHoleAtTheEndIfThereIsOne) {
  EXPECT_EQ(write(sparse_file(10, {{.offset = 5, .length = 5}})).map, padded("1\n5\n5\n"));
  EXPECT_EQ(write(sparse_file(10, {{.offset = 5, .length = 4}})).map, padded("2\n5\n4\n10\n0\n"));
  EXPECT_EQ(write(sparse_file(10, {})).map, padded("1\n10\n0\n"));
  EXPECT_EQ(write(sparse_file(0, {})).map, padded("1\n0\n0\n"));
}

TEST(TarWriter, WritesALargeSparseMapOverManyRecords) {
  std::vector<Extent> extents;
  std::string map = "4096\n";
  for (std::uint64_t at = 0; at < kExtentsMax; ++at) {
    extents.push_back({.offset = at * 8192 + 4096, .length = 4096});
    map += std::to_string(at * 8192 + 4096) + "\n4096\n";
  }

  const Written written = write(sparse_file(kExtentsMax * 8192, extents));

  EXPECT_EQ(written.map, padded(map));
  EXPECT_EQ(std::stoul(text_of(written.header.size), nullptr, 8), padded(map).size() + kExtentsMax * 4096);
}

TEST(TarWriter, SaysInPaxTheSizeOfALargeSparseFilesData) {
  constexpr std::uint64_t kData = 9'000'000'000;
  const Written written = write(sparse_file(20'000'000'000, {{.offset = 0, .length = kData}}));

  EXPECT_THAT(written.pax, testing::Contains(Pair("size", std::to_string(kData + 512))));
}

TEST(TarWriter, LeavesOutTheAttributesThatCannotBeStored) {
  Entry entry = entry_of(EntryType::File, "f");
  entry.attributes = {{"system.posix_acl_access", "junk"}, {"user.a=b", "v"}};
  EXPECT_THAT(write(entry).pax, IsEmpty());

  entry.attributes.push_back({"user.c", "v"});
  EXPECT_THAT(write(entry).pax, ElementsAre(Pair("SCHILY.xattr.user.c", "v")));
}

TEST(TarWriter, AppendsWholeRecordsToWhatIsThere) {
  std::vector<std::byte> out(kTarRecordBytes, std::byte{7});
  TarWriter writer(out);

  writer.append_headers(entry_of(EntryType::Fifo, "f"));
  ASSERT_EQ(out.size(), 2 * kTarRecordBytes);
  writer.append_padding();
  EXPECT_EQ(out.size(), 2 * kTarRecordBytes);
  out.push_back(std::byte{7});
  writer.append_padding();
  EXPECT_EQ(out.size(), 3 * kTarRecordBytes);
  writer.append_end();

  ASSERT_EQ(out.size(), 5 * kTarRecordBytes);
  EXPECT_EQ(out.front(), std::byte{7});
  EXPECT_THAT(std::vector<std::byte>(out.begin() + 2 * kTarRecordBytes + 1, out.end()), testing::Each(std::byte{0}));
}

}  // namespace
}  // namespace osbackup::archive
