#include "archive/zip_writer.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "core/time_format.hpp"
#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

/// Keeps what is written, without the content of the entries, which may be large; and fails at a byte if it is told to.
class KeepingSink final : public ByteSink {
 public:
  void write(std::span<const std::byte> bytes) override {
    if (written_ + bytes.size() > fails_at_) throw Error(ErrorKind::NoSpace, "write: disk full");
    written_ += bytes.size();
    if (bytes.data() != content_.data()) kept_.insert(kept_.end(), bytes.begin(), bytes.end());
  }
  void fail_at(std::uint64_t byte) { fails_at_ = byte; }

  /// A stretch of zeros that is counted and not kept.
  std::span<const std::byte> content(std::size_t size) const { return std::span(content_).first(size); }
  const std::vector<std::byte>& kept() const { return kept_; }
  std::string text() const { return {reinterpret_cast<const char*>(kept_.data()), kept_.size()}; }

 private:
  std::vector<std::byte> content_ = std::vector<std::byte>(std::size_t{16} << 20U);
  std::vector<std::byte> kept_;
  std::uint64_t written_ = 0;
  std::uint64_t fails_at_ = ~std::uint64_t{0};
};

/// Bytes as they stand in the records of a zip.
std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (; bytes > 0; --bytes, value >>= 8U) text += static_cast<char>(value & 0xFFU);
  return text;
}
std::string u16(std::uint64_t value) { return little_endian(value, 2); }
std::string u32(std::uint64_t value) { return little_endian(value, 4); }
std::string u64(std::uint64_t value) { return little_endian(value, 8); }

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

constexpr std::uint64_t kGib = std::uint64_t{1} << 30U;
// 2026-11-23 09:30:14 as 4.4.6 of APPNOTE.TXT packs it.
const std::string kTime = u16(9U << 11U | 30U << 5U | 7U) + u16(46U << 9U | 11U << 5U | 23U);
const std::string kLocalStart =
    "PK\x03\x04" + u16(45) + u16(0x0808) + u16(0) + kTime + u32(0) + u32(0xFFFFFFFF) + u32(0xFFFFFFFF);
const std::string kLocalZip64 = u16(1) + u16(16) + u64(0) + u64(0);
const std::string kCentralStart = "PK\x01\x02" + u16(3U << 8U | 45U) + u16(45) + u16(0x0808) + u16(0) + kTime;
const std::string kCentralNumbers = u16(0) + u16(0) + u16(0) + u32(0100600U << 16U);

class ZipWriterTest : public testing::Test {
 protected:
  /// Adds an entry of zeros, which take no room.
  ZipPlace add_zeros(const std::string& name, std::uint64_t bytes) {
    writer_.begin_entry(name);
    for (std::uint64_t left = bytes; left > 0;) {
      const std::uint64_t piece = std::min<std::uint64_t>(left, 16U << 20U);
      writer_.write(sink_.content(piece));
      left -= piece;
    }
    return writer_.end_entry();
  }

  KeepingSink sink_;
  ZipWriter writer_{sink_, *parse_rfc3339("2026-11-23T09:30:15Z")};
};

TEST_F(ZipWriterTest, WritesTheRecordsOfTheFormat) {
  writer_.begin_entry("etc.tar.gz");
  writer_.write(bytes_of("1234"));
  writer_.write(bytes_of("56789"));
  const ZipPlace place = writer_.end_entry();
  writer_.finish();

  // The CRC-32 of "123456789" is the check value by which the algorithm is known.
  const std::string local = kLocalStart + u16(10) + u16(20) + "etc.tar.gz" + kLocalZip64;
  const std::string content = "123456789" + ("PK\x07\x08" + u32(0xCBF43926)) + u64(9) + u64(9);
  const std::string central =
      kCentralStart + u32(0xCBF43926) + u32(9) + u32(9) + u16(10) + u16(0) + kCentralNumbers + u32(0) + "etc.tar.gz";
  const std::string end = "PK\x05\x06" + u16(0) + u16(0) + u16(1) + u16(1) + u32(central.size()) +
                          u32(local.size() + content.size()) + u16(0);
  EXPECT_EQ(sink_.text(), local + content + central + end);
  EXPECT_EQ(place, (ZipPlace{.offset = local.size(), .length = 9}));
  EXPECT_EQ(writer_.size(), sink_.kept().size());
}

TEST_F(ZipWriterTest, WritesAZipWithoutEntries) {
  writer_.finish();

  EXPECT_EQ(sink_.text(), "PK\x05\x06" + std::string(18, '\0'));
}

TEST_F(ZipWriterTest, HandsContentThroughWithoutACopy) {
  // The sink drops content by its address: what it kept are records alone.
  add_zeros("a", 1000);
  const std::size_t records = sink_.kept().size();

  EXPECT_EQ(records, 30 + 1 + 20 + 24);
  EXPECT_EQ(writer_.size(), records + 1000);
}

TEST_F(ZipWriterTest, UsesZip64ForSizesFrom32BitsOn) {
  const ZipPlace below = add_zeros("b", 4 * kGib - 2);
  const ZipPlace large = add_zeros("l", 4 * kGib - 1);
  const std::uint64_t directory_offset = writer_.size();
  writer_.finish();

  EXPECT_EQ(below.length, 4 * kGib - 2);
  EXPECT_EQ(large, (ZipPlace{.offset = below.offset + below.length + 24 + 51, .length = 4 * kGib - 1}));
  const std::string text = sink_.text();
  EXPECT_EQ(text.substr(51, 4) + text.substr(59, 16), "PK\x07\x08" + u64(4 * kGib - 2) + u64(4 * kGib - 2));
  const std::string directory = text.substr(std::size_t{2} * (51 + 24));
  const std::string first = directory.substr(0, 46 + 1);
  EXPECT_EQ(first.substr(20), u32(4 * kGib - 2) + u32(4 * kGib - 2) + u16(1) + u16(0) + kCentralNumbers + u32(0) + "b");
  const std::string second = directory.substr(first.size(), 46 + 1 + 28);
  EXPECT_EQ(second.substr(20), u32(0xFFFFFFFF) + u32(0xFFFFFFFF) + u16(1) + u16(28) + kCentralNumbers +
                                   u32(0xFFFFFFFF) + "l" + u16(1) + u16(24) + u64(4 * kGib - 1) + u64(4 * kGib - 1) +
                                   u64(below.offset + below.length + 24));
  const std::uint64_t directory_bytes = first.size() + second.size();
  EXPECT_EQ(directory.substr(directory_bytes),
            "PK\x06\x06" + u64(44) + u16(3U << 8U | 45U) + u16(45) + u32(0) + u32(0) + u64(2) + u64(2) +
                u64(directory_bytes) + u64(directory_offset) + "PK\x06\x07" + u32(0) +
                u64(directory_offset + directory_bytes) + u32(1) + "PK\x05\x06" + u16(0) + u16(0) + u16(2) + u16(2) +
                u32(directory_bytes) + u32(0xFFFFFFFF) + u16(0));
}

TEST_F(ZipWriterTest, UsesZip64ForAnOffsetAlone) {
  add_zeros("l", 5 * kGib);
  const std::uint64_t offset = writer_.size();
  add_zeros("s", 1);
  writer_.finish();

  EXPECT_THAT(sink_.text(), testing::HasSubstr(u32(1) + u32(1) + u16(1) + u16(12) + kCentralNumbers + u32(0xFFFFFFFF) +
                                               "s" + u16(1) + u16(8) + u64(offset) + "PK\x06\x06"));
}

TEST_F(ZipWriterTest, UsesZip64ForACountFrom16BitsOn) {
  for (int i = 0; i < 65'534; ++i) add_zeros(std::to_string(i), 0);
  KeepingSink one_more;
  ZipWriter writer(one_more, {});
  for (int i = 0; i < 65'535; ++i) {
    writer.begin_entry(std::to_string(i));
    writer.end_entry();
  }
  writer_.finish();
  writer.finish();

  EXPECT_THAT(sink_.text(), testing::Not(testing::HasSubstr("PK\x06\x06")));
  EXPECT_THAT(sink_.text().substr(sink_.text().size() - 22), testing::HasSubstr(u16(65'534) + u16(65'534)));
  EXPECT_THAT(one_more.text(), testing::HasSubstr(u64(65'535) + u64(65'535)));
  EXPECT_THAT(one_more.text().substr(one_more.text().size() - 22), testing::HasSubstr(u16(65'535) + u16(65'535)));
}

std::string time_field(std::string_view rfc3339_time) {
  KeepingSink sink;
  ZipWriter(sink, *parse_rfc3339(rfc3339_time)).begin_entry("a");
  return sink.text().substr(10, 4);
}

TEST(ZipTime, IsBroughtIntoTheRangeOfAZip) {
  const std::string first = u16(0) + u16(0U << 9U | 1U << 5U | 1U);
  const std::string last = u16(23U << 11U | 59U << 5U | 29U) + u16(127U << 9U | 12U << 5U | 31U);
  EXPECT_EQ(time_field("1970-01-01T00:00:00Z"), first);
  EXPECT_EQ(time_field("1980-01-01T00:00:01Z"), first);
  EXPECT_EQ(time_field("2107-12-31T23:59:59Z"), last);
  EXPECT_EQ(time_field("2108-01-01T00:00:00Z"), last);
  EXPECT_EQ(time_field("2261-12-31T23:59:59Z"), last);
  EXPECT_EQ(time_field("2024-02-29T23:59:58.999Z"),
            u16(23U << 11U | 59U << 5U | 29U) + u16(44U << 9U | 2U << 5U | 29U));
}

TEST(ZipFailure, OfTheSinkIsPassedOn) {
  const std::vector<std::byte> content = test::random_bytes({.size = 100, .seed = 7});
  const auto write_all = [&](std::uint64_t fails_at) {
    KeepingSink sink;
    sink.fail_at(fails_at);
    ZipWriter writer(sink, {});
    writer.begin_entry("a");
    writer.write(content);
    writer.end_entry();
    writer.finish();
    return writer.size();
  };
  const std::uint64_t size = write_all(1000);
  for (std::uint64_t byte = 0; byte < size; ++byte)
    EXPECT_THAT([&] { write_all(byte); }, fails_with(ErrorKind::NoSpace, "disk full")) << byte;
}

TEST(ZipNameDeathTest, MustBeWhatAZipCanSay) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  KeepingSink sink;
  for (const std::string& name : {std::string(), std::string("\xff"), std::string(65'536, 'n')})
    EXPECT_DEATH(ZipWriter(sink, {}).begin_entry(name), "is_utf8");
  ZipWriter(sink, {}).begin_entry(std::string(65'535, 'n'));
}

}  // namespace
}  // namespace osbackup::archive
