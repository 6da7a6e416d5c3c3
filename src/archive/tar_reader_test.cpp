#include "archive/tar_reader.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "archive/pax_header.hpp"
#include "core/range_source.hpp"
#include "support/fails_with.hpp"
#include "support/kernel_acl.hpp"
#include "support/project_file.hpp"

namespace osbackup::archive {
namespace {

using namespace std::string_literals;
using test::fails_with;
using testing::ElementsAre;
using testing::IsEmpty;

/// An entry with its content as it is stored.
struct Found {
  Entry entry;
  std::string content;
};

/// A tar, put together record by record.
class Tar {
 public:
  Tar& header(char type, const std::string& name, const std::string& content = "") {
    return custom_header(type, name, content.size(), [](UstarHeader&) {}).bytes(content);
  }

  template <class Change>
  Tar& custom_header(char type, const std::string& name, std::uint64_t size, Change change) {
    UstarHeader header{};
    header.type = type;
    put_text(header.name, name);
    put_octal(header.mode, 0644);
    put_octal(header.size, size);
    put_octal(header.mtime, 1'700'000'000);
    if (type == '1' || type == '2') put_text(header.linkname, "target");
    change(header);
    header.seal();
    bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
    return *this;
  }

  /// Bytes, and zeros up to the next record.
  Tar& bytes(const std::string& content) {
    bytes_ += content;
    bytes_.resize(in_whole_records(bytes_.size()));
    return *this;
  }

  Tar& pax(const std::vector<std::pair<std::string, std::string>>& records, char type = 'x') {
    std::vector<std::byte> body;
    for (const auto& [keyword, value] : records) append_pax_record(body, keyword, value);
    return header(type, "PaxHeaders/x", {reinterpret_cast<const char*>(body.data()), body.size()});
  }

  Tar& end() {
    bytes_.append(2 * kTarRecordBytes, '\0');
    return *this;
  }

  const std::string& text() const { return bytes_; }

 private:
  std::string bytes_;
};

std::vector<Found> read_all(std::string_view tar, const IdsOfNames& ids = {}) {
  const auto bytes = std::as_bytes(std::span(tar));
  const MemoryRange range({bytes.begin(), bytes.end()});
  RangeSource source(range, {.offset = 0, .length = range.size()});
  TarReader reader(source, ids);
  std::vector<Found> found;
  while (const auto entry = reader.next()) {
    std::string content(reader.content_left(), '\0');
    reader.read(std::as_writable_bytes(std::span(content)));
    found.push_back({*entry, content});
  }
  return found;
}

std::vector<Found> read_all(const Tar& tar) { return read_all(tar.text()); }

Entry only_entry(const Tar& tar) {
  const std::vector<Found> found = read_all(tar);
  EXPECT_EQ(found.size(), 1U);
  return found.at(0).entry;
}

std::vector<std::string> paths(const Tar& tar) {
  std::vector<std::string> result;
  for (const Found& each : read_all(tar)) result.push_back(each.entry.path);
  return result;
}

void expect_corrupt(const Tar& tar, const std::string& message) {
  EXPECT_THAT([&] { read_all(tar); }, fails_with(ErrorKind::Corrupt, message));
}

TEST(TarReader, GivesWhatTheHeaderSays) {
  const Entry entry = only_entry(Tar()
                                     .custom_header('0', "d/file", 5,
                                                    [](UstarHeader& header) {
                                                      put_octal(header.mode, 0104755);
                                                      put_octal(header.uid, 1000);
                                                      put_octal(header.gid, 50);
                                                      put_text(header.uname, "bob");
                                                      put_text(header.gname, "staff");
                                                      put_text(header.prefix, "prefix");
                                                    })
                                     .bytes("hello")
                                     .end());

  EXPECT_EQ(entry.path, "prefix/d/file");
  EXPECT_EQ(entry.type, EntryType::File);
  EXPECT_EQ(entry.mode, 04755U);
  EXPECT_EQ(entry.uid, 1000U);
  EXPECT_EQ(entry.gid, 50U);
  EXPECT_EQ(entry.user, "bob");
  EXPECT_EQ(entry.group, "staff");
  EXPECT_EQ(entry.size, 5U);
  EXPECT_EQ(entry.mtime.tv_sec, 1'700'000'000);
}

TEST(TarReader, TakesAwayOnlyWhatAPathDoesNotNeed) {
  const auto path_read = [](const std::string& path) { return only_entry(Tar().header('5', path).end()).path; };
  EXPECT_EQ(path_read("./a/b/"), "a/b");
  EXPECT_EQ(path_read(".///./a//"), "a");
  EXPECT_EQ(path_read("./"), ".");
  EXPECT_EQ(path_read("."), ".");
  EXPECT_EQ(path_read("/"), "/");
  EXPECT_EQ(path_read("/etc"), "/etc");
  EXPECT_EQ(path_read("../a/../b"), "../a/../b");
  EXPECT_EQ(path_read(".a"), ".a");
}

TEST(TarReader, EndsAtTwoZeroRecordsWhateverFollows) {
  EXPECT_THAT(paths(Tar().header('0', "a").end().header('0', "b").bytes("garbage")), ElementsAre("a"));
  EXPECT_THAT(paths(Tar().end()), IsEmpty());
}

TEST(TarReader, EndsWhereTheBytesDo) {
  EXPECT_THAT(paths(Tar()), IsEmpty());
  EXPECT_THAT(paths(Tar().header('0', "a", "content")), ElementsAre("a"));
  EXPECT_THAT(paths(Tar().header('0', "a").bytes(std::string(512, '\0'))), ElementsAre("a"));
}

TEST(TarReader, KnowsWhetherTheTarIsWhole) {
  for (const auto& [tar, is_whole] : {std::pair(Tar().header('0', "a").end(), true), {Tar().header('0', "a"), false}}) {
    const auto bytes = std::as_bytes(std::span(tar.text()));
    const MemoryRange range({bytes.begin(), bytes.end()});
    RangeSource source(range, {.offset = 0, .length = range.size()});
    TarReader reader(source);
    while (reader.next()) EXPECT_FALSE(reader.has_end_records());
    EXPECT_EQ(reader.has_end_records(), is_whole);
    EXPECT_FALSE(reader.next());
  }
}

TEST(TarReader, RefusesOneZeroRecordInTheMiddle) {
  expect_corrupt(Tar().header('0', "a").bytes(std::string(512, '\0')).header('0', "b"),
                 "the entry at byte 512 of the tar: one zero record stands before something else");
}

TEST(TarReader, GoesOverContentThatNobodyReads) {
  const std::string tar = Tar().header('0', "a", std::string(1000, 'x')).header('0', "b", "content of b").end().text();
  const auto bytes = std::as_bytes(std::span(tar));
  const MemoryRange range({bytes.begin(), bytes.end()});
  RangeSource source(range, {.offset = 0, .length = range.size()});
  TarReader reader(source);
  std::string some(12, '\0');

  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.read(std::as_writable_bytes(std::span(some))), 12U);
  EXPECT_EQ(reader.content_left(), 988U);
  EXPECT_EQ(reader.next().value().path, "b");
  EXPECT_EQ(reader.entry_offset(), 1536U);
  EXPECT_EQ(reader.read(std::as_writable_bytes(std::span(some))), 12U);
  EXPECT_EQ(some, "content of b");
  EXPECT_EQ(reader.read(std::as_writable_bytes(std::span(some))), 0U);
}

TEST(TarReader, TakesFromPaxRecordsWhatTheySay) {
  const Entry entry = only_entry(Tar()
                                     .pax({{"path", "p\xff\n"s},
                                           {"uid", "4294967294"},
                                           {"gid", "3000000"},
                                           {"uname", "user"},
                                           {"gname", "group"},
                                           {"mtime", "-1.5"},
                                           {"size", "3"},
                                           {"atime", "nonsense"},
                                           {"SCHILY.fflags", "immutable"},
                                           {"SCHILY.xattr.user.note", "\0=\n"s},
                                           {"SCHILY.xattr.user.a%3Db%25%20", ""},
                                           {"RHT.security.selinux", "label"}})
                                     .header('0', "x", "abc")
                                     .end());

  EXPECT_EQ(entry.path, "p\xff\n");
  EXPECT_EQ(entry.uid, 4'294'967'294U);
  EXPECT_EQ(entry.gid, 3'000'000U);
  EXPECT_EQ(entry.user, "user");
  EXPECT_EQ(entry.group, "group");
  EXPECT_EQ(entry.mtime.tv_sec, -2);
  EXPECT_EQ(entry.mtime.tv_nsec, 500'000'000);
  EXPECT_EQ(entry.size, 3U);
  EXPECT_THAT(entry.attributes, ElementsAre(Attribute{"security.selinux", "label\0"s}, Attribute{"user.a=b%%20", ""},
                                            Attribute{"user.note", "\0=\n"s}));
}

TEST(TarReader, TakesGlobalHeadersForAllThatFollows) {
  const std::vector<Found> found = read_all(Tar()
                                                .header('0', "before")
                                                .pax({{"uid", "7"}, {"gname", "all"}, {"comment", "a note"}}, 'g')
                                                .header('0', "a")
                                                .pax({{"uid", "8"}, {"gname", ""}})
                                                .header('0', "b")
                                                .header('0', "c")
                                                .pax({{"uid", ""}}, 'g')
                                                .header('0', "d")
                                                .pax({{"comment", "the last"}}, 'g')
                                                .end());

  std::vector<std::uint32_t> uids;
  std::vector<std::string> groups;
  for (const Found& each : found) {
    uids.push_back(each.entry.uid);
    groups.push_back(each.entry.group);
  }
  EXPECT_THAT(uids, ElementsAre(0, 7, 8, 7, 0));
  EXPECT_THAT(groups, ElementsAre("", "all", "", "all", "all"));
}

TEST(TarReader, TakesGnuLongNamesForTheNextEntryAlone) {
  const std::string path(300, 'p');
  const std::string target(1000, 't');
  const std::vector<Found> found = read_all(Tar()
                                                .header('K', "././@LongLink", target + '\0')
                                                .header('L', "././@LongLink", path + '\0')
                                                .header('2', "x")
                                                .header('2', "y")
                                                .end());

  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].entry.path, path);
  EXPECT_EQ(found[0].entry.target, target);
  EXPECT_EQ(found[1].entry.path, "y");
  EXPECT_EQ(found[1].entry.target, "target");
}

TEST(TarReader, ReadsAclsAndNamesThoseItCannotGive) {
  const std::string text = "user::rw-,user:bob:r--,group::r--,mask::r--,other::---";
  const std::string tar = Tar()
                              .pax({{"SCHILY.acl.access", text}, {"SCHILY.acl.default", "user:eve:rwx"}})
                              .header('5', "d")
                              .header('5', "e")
                              .end()
                              .text();
  const auto bytes = std::as_bytes(std::span(tar));
  const MemoryRange range({bytes.begin(), bytes.end()});
  RangeSource source(range, {.offset = 0, .length = range.size()});
  TarReader reader(source, {.user =
                                [](const std::string& name) {
                                  return name == "bob" ? std::optional<std::uint32_t>(1000) : std::nullopt;
                                },
                            .group = {}});

  EXPECT_THAT(
      reader.next().value().attributes,
      ElementsAre(Attribute{"system.posix_acl_access", test::kernel_acl({{.tag = 0x01, .permissions = 6},
                                                                         {.tag = 0x02, .permissions = 4, .id = 1000},
                                                                         {.tag = 0x04, .permissions = 4},
                                                                         {.tag = 0x10, .permissions = 4},
                                                                         {.tag = 0x20, .permissions = 0}})}));
  EXPECT_THAT(reader.lost_attributes(), ElementsAre("system.posix_acl_default"));
  EXPECT_THAT(reader.next().value().attributes, IsEmpty());
  EXPECT_THAT(reader.lost_attributes(), IsEmpty());
}

TEST(TarReader, TakesUnknownTypesForFilesAndOtherSizesForNothing) {
  const std::vector<Found> found = read_all(Tar()
                                                .header('7', "contiguous", "abc")
                                                .header('Z', "unknown", "def")
                                                .header('\0', "old", "ghi")
                                                .custom_header('1', "hard link", 1000, [](UstarHeader&) {})
                                                .custom_header('5', "directory", 1000, [](UstarHeader&) {})
                                                .header('D', "dump/", "Yfile\0Nother\0\0"s)
                                                .header('0', "old directory/", "skipped")
                                                .header('V', "volume")
                                                .header('0', "last", "jkl")
                                                .end());

  std::vector<std::string> lines;
  lines.reserve(found.size());
  for (const Found& each : found)
    lines.push_back(each.entry.path + ' ' + std::to_string(static_cast<int>(each.entry.type)) + ' ' + each.content);
  EXPECT_THAT(lines, ElementsAre("contiguous 0 abc", "unknown 0 def", "old 0 ghi", "hard link 3 ", "directory 1 ",
                                 "dump 1 ", "old directory 1 ", "last 0 jkl"));
}

TEST(TarReader, NamesTheEntryAndTheByteOfDamage) {
  const Tar first = Tar().header('0', "first", "content");
  Tar cut = first;
  cut.custom_header('0', "second", 2000, [](UstarHeader&) {}).bytes("cut off");

  expect_corrupt(cut, "entry second at byte 1024 of the tar: the tar is cut off at byte 2048");
  expect_corrupt(Tar(first).bytes("garbage"),
                 "the entry at byte 1024 of the tar: the checksum of a header is not true");
  expect_corrupt(Tar(first).pax({{"path", "long"}}).bytes("garbage"),
                 "entry long at byte 1024 of the tar: the checksum of a header is not true");
  expect_corrupt(Tar(first).pax({{"path", "long"}}).end(),
                 "entry long at byte 1024 of the tar: the tar ends behind what belongs to an entry's header");
  EXPECT_THAT([&] { read_all(first.text().substr(0, 300)); },
              fails_with(ErrorKind::Corrupt, "the entry at byte 0 of the tar: the tar is cut off at byte 300"));
}

TEST(TarReader, RefusesFieldsThatCannotBe) {
  const auto with = [](auto change) { return Tar().custom_header('0', "x", 0, change).end(); };
  const auto put = [](auto& field, std::string_view text) { std::memcpy(field.data(), text.data(), text.size()); };
  expect_corrupt(with([&](UstarHeader& h) { put(h.size, "9"); }), "the field size of a header");
  expect_corrupt(with([&](UstarHeader& h) { put(h.size, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"); }),
                 "the field size of a header");
  expect_corrupt(
      with([&](UstarHeader& h) { put(h.size, std::string_view("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)); }),
      "its size is beyond what a file can hold");
  expect_corrupt(with([&](UstarHeader& h) { put(h.mode, "rw"); }), "the field mode of a header");
  expect_corrupt(with([&](UstarHeader& h) { put(h.mtime, "now"); }), "the field mtime of a header");
  expect_corrupt(with([&](UstarHeader& h) { put(h.uid, std::string_view("\x80\0\0\1\0\0\0\0", 8)); }),
                 "more than 32 bits");
  expect_corrupt(with([&](UstarHeader& h) { h.name.fill('\0'); }), "it has no path");
  expect_corrupt(Tar().custom_header('2', "x", 0, [](UstarHeader& h) { h.linkname.fill('\0'); }),
                 "it is a link without a target");
  expect_corrupt(Tar().header('M', "x"), "of GNU tar's type M, which is not supported");
}

TEST(TarReader, RefusesPaxRecordsThatCannotBe) {
  const auto with = [](const std::string& keyword, const std::string& value) {
    return Tar().pax({{keyword, value}}).header('0', "x").end();
  };
  expect_corrupt(with("size", "-1"), "the pax record size is not a number");
  expect_corrupt(with("size", "9223372036854775807"), "its size is beyond what a file can hold");
  expect_corrupt(with("size", "18446744073709551615"), "its size is beyond what a file can hold");
  expect_corrupt(with("uid", "4294967296"), "more than 32 bits");
  expect_corrupt(with("mtime", "soon"), "the pax record mtime is not a time");
  expect_corrupt(with("path", "a\0b"s), "there is a NUL in it");
  expect_corrupt(with("path", std::string(kPathReadBytesMax + 1, 'p')), "the pax record path is too long");
  expect_corrupt(with("SCHILY.xattr.", "x"), "no name of an attribute");
  for (const std::string& body : {"x"s, "5"s, "5 "s, "99 path=x\n"s, "3 x"s, "9 path=x\n\n"s, "8 path=x"s, "5 =x\n"s,
                                  "9 path=xy"s, "18446744073709551616 a=b\n"s, "-5 a=b\n"s, "0 a=b\n"s, "2 a=b\n"s})
    expect_corrupt(Tar().header('x', "p", body).header('0', "x"), "a pax header has ");
}

TEST(TarReader, HasLimits) {
  const auto nothing = [](UstarHeader&) {};
  expect_corrupt(Tar().custom_header('x', "p", kPaxHeaderReadBytesMax + 1, nothing), "a pax header has 16777217 bytes");
  expect_corrupt(Tar().custom_header('g', "p", kGlobalHeaderReadBytesMax + 1, nothing), "a pax header has 65537 bytes");
  expect_corrupt(Tar().custom_header('L', "p", kPathReadBytesMax + 1, nothing), "a name has 1048577 bytes");
  std::vector<std::pair<std::string, std::string>> attributes;
  for (std::size_t i = 0; i <= kAttributesReadMax; ++i)
    attributes.emplace_back("SCHILY.xattr.a" + std::to_string(i), "");
  expect_corrupt(Tar().pax(attributes).header('0', "x"), "one of too many attributes");
  // A size alone takes no memory: the bytes are not there.
  expect_corrupt(Tar().custom_header('x', "p", kPaxHeaderReadBytesMax, nothing), "the tar is cut off at byte 512");
}

TEST(TarReader, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/tar_reader");
  EXPECT_GE(corpus.size(), 9U);
  for (const std::string& text : corpus) {
    try {
      read_all(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    }
  }
}

/// Much of what a tar can hold, in few bytes.
std::string every_kind_of_header() {
  return Tar()
      .pax({{"comment", "global"}, {"uid", "5"}}, 'g')
      .pax({{"path", "file"},
            {"mtime", "1.5"},
            {"size", "3"},
            {"SCHILY.xattr.user.note", "x"},
            {"SCHILY.acl.access", "user::rw-,user:7:r--,group::r--,mask::r--,other::r--"}})
      .header('0', "x", "abc")
      .header('L', "././@LongLink", std::string(110, 'p') + '\0')
      .header('K', "././@LongLink", std::string(110, 't') + '\0')
      .header('2', "link")
      .end()
      .text();
}

TEST(TarReader, StandsEveryTruncationAndAFlippedBitOfEveryByte) {
  const std::string corpus = "tests/fuzz/corpus/tar_reader/";
  for (const std::string& tar : {every_kind_of_header(), test::content_of(test::project_path(corpus + "sparse_old")),
                                 test::content_of(test::project_path(corpus + "sparse_1.0"))}) {
    const std::size_t entries = read_all(tar).size();
    const auto entries_unless_corrupt = [](std::string_view damaged) -> std::size_t {
      try {
        return read_all(damaged).size();
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
        return 0;
      }
    };
    for (std::size_t bytes = 0; bytes < tar.size(); ++bytes)
      EXPECT_LE(entries_unless_corrupt(std::string_view(tar).substr(0, bytes)), entries) << bytes;
    std::string flipped = tar;
    for (std::size_t byte = 0; byte < tar.size(); ++byte) {
      flipped[byte] = static_cast<char>(flipped[byte] ^ 1 << byte % 8);
      EXPECT_LE(entries_unless_corrupt(flipped), entries) << byte;
      flipped[byte] = tar[byte];
    }
  }
}

}  // namespace
}  // namespace osbackup::archive
