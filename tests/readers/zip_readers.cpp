#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "archive/zip_writer.hpp"
#include "core/time_format.hpp"
#include "support/random_bytes.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

/// What Python's zipfile, Info-ZIP, 7-Zip and bsdtar find in our zips (archive/zip_writer.hpp).
namespace osbackup::archive {
namespace {

using testing::HasSubstr;

constexpr std::size_t kPieceBytes = std::size_t{16} << 20U;
constexpr std::uint64_t kGib = std::uint64_t{1} << 30U;

/// A file in which one stretch of zeros, however often it is written, is a hole.
class FileSink final : public ByteSink {
 public:
  explicit FileSink(const std::filesystem::path& path)
      : file_(system::open_file(path, {.flags = O_WRONLY | O_CREAT | O_TRUNC})) {}

  void write(std::span<const std::byte> bytes) override {
    if (bytes.data() == zeros_.data())
      ASSERT_GE(::lseek(file_.get(), static_cast<off_t>(bytes.size()), SEEK_CUR), 0);
    else
      system::write_all(file_, bytes, "the zip");
  }
  std::span<const std::byte> zeros(std::uint64_t bytes) const {
    return std::span(zeros_).first(std::min<std::uint64_t>(bytes, kPieceBytes));
  }

 private:
  system::FileDescriptor file_;
  std::vector<std::byte> zeros_ = std::vector<std::byte>(kPieceBytes);
};

class ZipReaders : public testing::Test {
 protected:
  ZipPlace add(const std::string& name, std::span<const std::byte> content) {
    writer_.begin_entry(name);
    for (std::size_t at = 0; at < content.size(); at += 1000)
      writer_.write(content.subspan(at, std::min<std::size_t>(1000, content.size() - at)));
    return writer_.end_entry();
  }
  ZipPlace add(const std::string& name, std::string_view text) { return add(name, std::as_bytes(std::span(text))); }
  ZipPlace add_zeros(const std::string& name, std::uint64_t bytes) {
    writer_.begin_entry(name);
    for (std::uint64_t left = bytes; left > 0; left -= std::min<std::uint64_t>(left, kPieceBytes))
      writer_.write(sink_.zeros(left));
    return writer_.end_entry();
  }
  std::string shell(const std::string& text, const std::string& locale = "C.UTF-8") const {
    return test::output_of({.text = text, .directory = folder_.path(), .locale = locale});
  }
  /// What Python prints for an expression over `z`, the open zip.
  std::string python(const std::string& expression) const {
    std::ofstream(folder_.path() / "ask.py")
        << "import zipfile\nwith zipfile.ZipFile('a.zip') as z:\n    print(" << expression << ")\n";
    return shell("/usr/bin/python3 ask.py");
  }
  void expect_all_readers_find_it_whole() const {
    EXPECT_EQ(python("z.testzip()"), "None\n");
    EXPECT_THAT(shell("unzip -t a.zip"), HasSubstr("No errors detected"));
    EXPECT_THAT(shell("7z t a.zip"), testing::AllOf(HasSubstr("Everything is Ok"), testing::Not(HasSubstr("arning"))));
    EXPECT_EQ(shell("bsdtar -xOf a.zip >/dev/null"), "");
  }

  test::TemporaryFolder folder_;
  FileSink sink_{folder_.path() / "a.zip"};
  ZipWriter writer_{sink_, *parse_rfc3339("2026-11-23T09:30:14Z")};
};

TEST_F(ZipReaders, FindEntriesWhereTheWriterSaysTheyAre) {
  const std::vector<std::byte> content = test::random_bytes({.size = 100'000, .seed = 7});
  add("etc.tar.gz", "etc");
  const ZipPlace place = add("var/lib/mysql.tar.gz", content);
  add("h\xc3\xa4user '%25.tar.gz", "");
  add("osbackup/manifest.json", "{}");
  writer_.finish();

  expect_all_readers_find_it_whole();
  const std::string names = "etc.tar.gz\nvar/lib/mysql.tar.gz\nh\xc3\xa4user '%25.tar.gz\nosbackup/manifest.json\n";
  EXPECT_EQ(shell("unzip -Z1 a.zip"), names);
  EXPECT_EQ(shell("bsdtar -tf a.zip"), names);
  EXPECT_EQ(python("'\\n'.join(z.namelist())"), names);
  EXPECT_THAT(shell("7z l -ba a.zip"), HasSubstr("h\xc3\xa4user '%25.tar.gz\n"));
  EXPECT_EQ(shell("unzip -p a.zip var/lib/mysql.tar.gz | sha256sum"),
            shell("tail -c +" + std::to_string(place.offset + 1) + " a.zip | head -c " + std::to_string(place.length) +
                  " | sha256sum"));
  EXPECT_EQ(shell("unzip -p a.zip var/lib/mysql.tar.gz"),
            std::string(reinterpret_cast<const char*>(content.data()), content.size()));
}

TEST_F(ZipReaders, FindWhatTheFormatPromises) {
  add("h\xc3\xa4user.tar.gz", "content");
  writer_.finish();

  const std::string facts = shell("TZ=UTC zipinfo -v a.zip");
  for (const char* const fact :
       {"file system or operating system of origin:      Unix", "compression method:                             none",
        "extended local header:                          yes", "minimum software version required to extract:   4.5",
        "Unix file attributes (100600 octal):            -rw-------", "2026 Nov 23 09:30:14",
        "length of extra field:                          0 bytes"})
    EXPECT_THAT(facts, HasSubstr(fact));
  EXPECT_EQ(python("[(i.flag_bits, i.create_system, oct(i.external_attr >> 16), i.date_time, i.extra) for i in "
                   "z.infolist()]"),
            "[(2056, 3, '0o100600', (2026, 11, 23, 9, 30, 14), b'')]\n");
}

TEST_F(ZipReaders, FindAnEmptyZip) {
  writer_.finish();

  EXPECT_EQ(python("z.namelist()"), "[]\n");
  EXPECT_EQ(shell("bsdtar -tf a.zip"), "");
  EXPECT_THAT(shell("7z t a.zip"), HasSubstr("Everything is Ok"));
}

TEST_F(ZipReaders, ReadTheDescriptorsFromAStream) {
  // From a pipe bsdtar goes by local headers and descriptors alone.
  add("first", test::random_bytes({.size = 50'000, .seed = 1}));
  add("second", "content");
  writer_.finish();

  EXPECT_EQ(shell("cat a.zip | bsdtar -xOf - second"), "content");
}

TEST_F(ZipReaders, FindEntriesAndOffsetsOver4Gib) {
  add("small", "small content");
  const ZipPlace below = add_zeros("below", 4 * kGib - 2);
  const ZipPlace edge = add_zeros("edge", 4 * kGib - 1);
  const ZipPlace large = add_zeros("large", 4 * kGib + 3);
  add("last", "last content");
  writer_.finish();

  EXPECT_EQ(python("[(i.filename, i.file_size, i.compress_size, i.header_offset) for i in z.infolist()][1:4]"),
            "[('below', 4294967294, 4294967294, " + std::to_string(below.offset - 55) +
                "), ('edge', 4294967295, 4294967295, " + std::to_string(edge.offset - 54) +
                "), ('large', 4294967299, 4294967299, " + std::to_string(large.offset - 55) + ")]\n");
  const std::string last = "last content";
  EXPECT_EQ(python("z.read('last').decode(), end=''"), last);
  EXPECT_EQ(shell("unzip -p a.zip last"), last);
  EXPECT_EQ(shell("7z e -so a.zip last"), last);
  EXPECT_EQ(shell("bsdtar -xOf a.zip last"), last);
  for (const char* const list : {"unzip -l a.zip", "zipinfo a.zip", "7z l a.zip", "bsdtar -tvf a.zip"})
    for (const char* const size : {"4294967294 ", "4294967295 ", "4294967299 "})
      EXPECT_THAT(shell(list), HasSubstr(size)) << list;
  // The CRC-32 that zlib finds for so many zeros: to have it checked by a reader would take seconds.
  EXPECT_EQ(python("hex(z.getinfo('large').CRC)"), "0x2144df1c\n");
}

TEST_F(ZipReaders, FindMoreEntriesThan16BitsCount) {
  for (int i = 0; i < 70'000; ++i) add("entry " + std::to_string(i), i == 69'999 ? "content" : "");
  writer_.finish();

  EXPECT_EQ(python("len(z.infolist())"), "70000\n");
  EXPECT_EQ(shell("unzip -Z1 a.zip | wc -l"), "70000\n");
  EXPECT_EQ(shell("bsdtar -tf a.zip | wc -l"), "70000\n");
  EXPECT_THAT(shell("7z l a.zip | tail -1"), HasSubstr("70000 files"));
  EXPECT_EQ(shell("unzip -p a.zip 'entry 69999'"), "content");
}

}  // namespace
}  // namespace osbackup::archive
