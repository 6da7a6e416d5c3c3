#include "archive/index_writer.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::archive {
namespace {

using testing::ElementsAre;

class MemorySink final : public ByteSink {
 public:
  void write(std::span<const std::byte> bytes) override {
    text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// What `gzip -dc` makes of these bytes.
std::string gunzipped(std::string_view bytes) {
  const test::TemporaryFolder folder;
  const auto compressed = folder.path() / "lines.gz";
  const auto lines = folder.path() / "lines";
  std::ofstream(compressed, std::ios::binary) << bytes;
  EXPECT_EQ(test::ChildProcess({.arguments = {"gzip", "-dc", compressed}, .output = lines}).wait(), 0);
  return test::text_of(lines);
}

std::vector<json::Object> objects_in(std::string_view text) {
  std::vector<json::Object> objects;
  while (!text.empty()) {
    objects.push_back(json::parse(text.substr(0, text.find('\n'))).as_object());
    text.remove_prefix(text.find('\n') + 1);
  }
  return objects;
}

crypto::Sha256Digest digest_of(std::string_view text) { return crypto::sha256(std::as_bytes(std::span(text))); }

std::string hex_digest_of(std::string_view text) { return crypto::to_hex(digest_of(text)); }

Entry passwd() {
  Entry entry;
  entry.path = "etc/passwd";
  entry.mode = 0644;
  entry.user = "root";
  entry.group = "root";
  entry.size = 1877;
  entry.mtime = {.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789};
  entry.ctime = {.tv_sec = 1'700'000'001, .tv_nsec = 0};
  entry.device = 2049;
  entry.inode = 1234;
  return entry;
}

constexpr Placement kPlacement{.directory = 0, .member = 81'920, .skip = 5'120, .span = 40'213};

std::string line_of(const Entry& entry, const std::optional<crypto::Sha256Digest>& digest = std::nullopt,
                    bool changed = false) {
  std::string line = index_line_head(entry);
  complete_index_line(line, digest, changed, kPlacement);
  return line;
}

json::Object object_of(const Entry& entry) { return json::parse(line_of(entry)).as_object(); }

TEST(IndexLine, SaysOfAFileWhatTheFormatSays) {
  const auto digest = digest_of("content");

  EXPECT_EQ(line_of(passwd(), digest),
            R"({"path":"etc/passwd","type":"file","mode":"0644","uid":0,"gid":0,"user":"root","group":"root",)"
            R"("size":1877,"mtime":"1700000000.123456789","ctime":"1700000001.000000000","dev":2049,"inode":1234,)"
            R"("nlink":1,"sha256":")" +
                crypto::to_hex(digest) + R"(","dir":0,"member":81920,"skip":5120,"span":40213})" + "\n");
}

TEST(IndexLine, HasEveryKeyInOneOrder) {
  Entry entry = passwd();
  entry.type = EntryType::Hardlink;
  entry.target = "etc/first";
  entry.flags = "ai";
  entry.attributes = {{.name = "user.note", .value = "x"}};
  entry.sparse = true;

  const json::Object object = json::parse(line_of(entry, digest_of(""), true)).as_object();

  std::vector<std::string> keys;
  for (const auto& member : object) keys.emplace_back(member.key());
  EXPECT_THAT(keys, ElementsAre("path", "type", "mode", "uid", "gid", "user", "group", "size", "mtime", "ctime", "dev",
                                "inode", "nlink", "target", "flags", "xattrs_sha256", "holes", "sha256", "changed",
                                "dir", "member", "skip", "span"));
}

TEST(IndexLine, LeavesOutWhatDoesNotApply) {
  Entry entry = passwd();
  entry.type = EntryType::Directory;
  entry.user.clear();
  entry.group.clear();
  entry.size = 0;

  const json::Object object = object_of(entry);

  for (const char* key :
       {"user", "group", "size", "sha256", "target", "rdev", "flags", "xattrs_sha256", "holes", "changed"})
    EXPECT_FALSE(object.contains(key)) << key;
}

TEST(IndexLine, NamesEveryType) {
  Entry entry = passwd();
  const std::vector<std::pair<EntryType, std::string>> names = {
      {EntryType::File, "file"},         {EntryType::Directory, "dir"}, {EntryType::Symlink, "symlink"},
      {EntryType::Hardlink, "hardlink"}, {EntryType::Fifo, "fifo"},     {EntryType::CharacterDevice, "char"},
      {EntryType::BlockDevice, "block"}};
  for (const auto& [type, name] : names) {
    entry.type = type;
    EXPECT_EQ(object_of(entry).at("type").as_string(), name);
  }
}

TEST(IndexLine, SaysWhichDeviceANodeIs) {
  Entry entry = passwd();
  entry.type = EntryType::BlockDevice;
  entry.device_major = 8;
  entry.device_minor = 1;

  EXPECT_EQ(object_of(entry).at("rdev").as_string(), "8:1");
}

TEST(IndexLine, KeepsTheSpecialBitsOfAMode) {
  Entry entry = passwd();
  entry.mode = 07755;
  EXPECT_EQ(object_of(entry).at("mode").as_string(), "7755");
  entry.mode = 0;
  EXPECT_EQ(object_of(entry).at("mode").as_string(), "0000");
}

TEST(IndexLine, GivesBytesThatAreNotUtf8AsBase64) {
  Entry entry = passwd();
  entry.type = EntryType::Symlink;
  entry.path = "etc/\xff";
  entry.target = "\xfe\n";

  const json::Object object = object_of(entry);

  EXPECT_FALSE(object.contains("path"));
  EXPECT_EQ(base64_decode(object.at("path_b64").as_string()), "etc/\xff");
  EXPECT_EQ(base64_decode(object.at("target_b64").as_string()), "\xfe\n");
}

TEST(IndexLine, SaysThatAFileHasHolesOnlyWhenOneIsLeft) {
  Entry entry = passwd();
  entry.sparse = true;
  entry.extents = {{.offset = 0, .length = entry.size}};
  EXPECT_FALSE(object_of(entry).contains("holes"));
  entry.extents = {{.offset = 0, .length = entry.size - 1}};
  EXPECT_TRUE(object_of(entry).at("holes").as_bool());
}

TEST(AttributesDigest, IsOfNamesAndValuesWithTheirLengths) {
  const std::string bytes =
      std::string("\1\0\0\0\0\0\0\0a\2\0\0\0\0\0\0\0xy", 19) + std::string("\2\0\0\0\0\0\0\0bc\0\0\0\0\0\0\0\0", 18);

  EXPECT_EQ(attributes_digest({{.name = "a", .value = "xy"}, {.name = "bc", .value = ""}}), digest_of(bytes));
}

TEST(AttributesDigest, TellsApartWhatIsJoinedDifferently) {
  EXPECT_NE(attributes_digest({{.name = "ab", .value = "c"}}), attributes_digest({{.name = "a", .value = "bc"}}));
  EXPECT_NE(attributes_digest({{.name = "a", .value = ""}, {.name = "b", .value = ""}}),
            attributes_digest({{.name = "a", .value = "b"}}));
}

/// An index of lines that hold little but their path.
class IndexWriterTest : public testing::Test {
 protected:
  void add(const std::string& path) {
    const std::string line = R"({"path":")" + path + R"("})" + "\n";
    writer_.add(path, line);
    text_ += line;
  }

  std::string block_bytes(const json::Object& block) const {
    return index_.text().substr(static_cast<std::size_t>(block.at("offset").to_number<std::uint64_t>()),
                                static_cast<std::size_t>(block.at("length").to_number<std::uint64_t>()));
  }

  std::vector<json::Object> blocks() const { return objects_in(gunzipped(blocks_.text())); }

  MemorySink index_;
  MemorySink blocks_;
  IndexWriter writer_{index_, blocks_};
  std::string text_;
};

std::string numbered(std::size_t number) {
  const std::string digits = std::to_string(number);
  return "etc/" + std::string(6 - digits.size(), '0') + digits;
}

TEST_F(IndexWriterTest, IsReadWithGzip) {
  for (std::size_t i = 0; i < 10'000; ++i) add(numbered(i));
  writer_.finish();

  EXPECT_EQ(gunzipped(index_.text()), text_);
}

TEST_F(IndexWriterTest, ListsItsBlocks) {
  for (std::size_t i = 0; i < 10'000; ++i) add(numbered(i));
  writer_.finish();

  std::uint64_t offset = 0;
  std::uint64_t lines = 0;
  const auto listed = blocks();
  for (const json::Object& block : listed) {
    EXPECT_EQ(block.at("offset").to_number<std::uint64_t>(), offset);
    EXPECT_EQ(block.at("first").as_string(), numbered(lines));
    const std::string bytes = block_bytes(block);
    EXPECT_EQ(block.at("sha256").as_string(), hex_digest_of(bytes));
    const std::string text = gunzipped(bytes);
    const auto count = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_EQ(block.at("lines").to_number<std::uint64_t>(), count);
    EXPECT_LT(text.size(), (64U << 10U) + 100);
    offset += bytes.size();
    lines += count;
    EXPECT_EQ(block.at("last").as_string(), numbered(lines - 1));
  }
  EXPECT_EQ(offset, index_.text().size());
  EXPECT_EQ(listed.size(), text_.size() / (64U << 10U) + 1);
}

TEST_F(IndexWriterTest, SumsUpWhatItWrote) {
  for (std::size_t i = 0; i < 10'000; ++i) add(numbered(i));
  writer_.finish();

  EXPECT_EQ(writer_.index().lines, 10'000U);
  EXPECT_EQ(writer_.index().length, index_.text().size());
  EXPECT_EQ(writer_.index().sha256, digest_of(index_.text()));
  EXPECT_EQ(writer_.blocks().lines, blocks().size());
  EXPECT_EQ(writer_.blocks().length, blocks_.text().size());
  EXPECT_EQ(writer_.blocks().sha256, digest_of(blocks_.text()));
}

TEST_F(IndexWriterTest, EndsABlockWithALineThatIsLongerThanOne) {
  add("a");
  add("b" + std::string(100'000, 'b'));
  add("c");
  writer_.finish();

  const auto listed = blocks();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].at("lines"), 2);
  EXPECT_EQ(listed[1].at("first").as_string(), "c");
}

TEST_F(IndexWriterTest, BeginsABlockWhereTheOrderBeginsAnew) {
  for (const char* path : {"lib", "usr/lib", "usr/lib/a", "mnt", "mnt/a", "mnt/a-b"}) add(path);
  writer_.finish();

  const auto listed = blocks();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].at("last").as_string(), "usr/lib/a");
  EXPECT_EQ(listed[1].at("first").as_string(), "mnt");
}

TEST_F(IndexWriterTest, TakesTheRootForTheFirstOfAllPaths) {
  for (const char* path : {".", "-a", "-a/b", "a"}) add(path);
  writer_.finish();

  EXPECT_EQ(blocks().size(), 1U);
}

TEST_F(IndexWriterTest, IsAGzipFileEvenWithoutLines) {
  writer_.finish();

  EXPECT_EQ(gunzipped(index_.text()), "");
  EXPECT_EQ(gunzipped(blocks_.text()), "");
  EXPECT_EQ(writer_.index().lines, 0U);
  EXPECT_EQ(writer_.index().length, index_.text().size());
}

TEST_F(IndexWriterTest, GivesPathsThatAreNotUtf8AsBase64) {
  writer_.add("\xff", "{}\n");
  writer_.finish();

  EXPECT_EQ(base64_decode(blocks().at(0).at("first_b64").as_string()), "\xff");
  EXPECT_EQ(base64_decode(blocks().at(0).at("last_b64").as_string()), "\xff");
}

TEST(WarningLine, HasPathAndReason) {
  EXPECT_EQ(warning_line("etc/x", "Permission denied"), "{\"path\":\"etc/x\",\"reason\":\"Permission denied\"}\n");
}

}  // namespace
}  // namespace osbackup::archive
