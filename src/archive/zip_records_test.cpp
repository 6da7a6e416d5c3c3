#include "archive/zip_records.hpp"

#include <gmock/gmock.h>

#include "archive/crc32.hpp"
#include "archive/zip_format.hpp"
#include "archive/zip_writer.hpp"
#include "support/made_archive.hpp"

namespace osbackup::archive {
namespace {

/// A zip of one entry, and where its descriptor begins.
struct OneEntry {
  std::vector<std::byte> bytes;
  std::size_t descriptor = 0;
};

OneEntry made(const std::string& name, const std::vector<std::byte>& content) {
  test::SparseBytes bytes;
  ZipWriter zip(bytes, {});
  zip.begin_entry(name);
  zip.write(content);
  const ZipPlace place = zip.end_entry();
  zip.finish();
  return {.bytes = bytes.all(), .descriptor = place.offset + place.length};
}

TEST(ZipRecords, KnowALocalHeaderThatTheWriterMade) {
  const OneEntry zip = made("var/lib/x.tar.gz", {});

  EXPECT_EQ(written_entry_name(zip.bytes), "var/lib/x.tar.gz");
}

TEST(ZipRecords, TakeNothingElseForALocalHeader) {
  OneEntry zip = made("etc.tar.gz", {});
  const std::size_t header_bytes = zip::kWrittenHeaderBytes + std::string("etc.tar.gz").size();
  const std::span<const std::byte> header = std::span(zip.bytes).first(header_bytes);
  for (std::size_t bytes = 0; bytes < header_bytes; ++bytes) EXPECT_FALSE(written_entry_name(header.first(bytes)));

  // All but the version, the time, the CRC that is not known yet, and the name itself is always the same.
  const auto is_free = [&](std::size_t byte) {
    return (byte >= 4 && byte < 6) || (byte >= 10 && byte < 18) || (byte >= 30 && byte < header_bytes - 20);
  };
  for (std::size_t byte = 0; byte < header_bytes; ++byte) {
    if (is_free(byte)) continue;
    zip.bytes[byte] ^= std::byte{1};
    EXPECT_FALSE(written_entry_name(std::span(zip.bytes).first(header_bytes))) << byte;
    zip.bytes[byte] ^= std::byte{1};
  }
}

TEST(ZipRecords, TakeNoNameThatLeadsElsewhereForOne) {
  EXPECT_FALSE(written_entry_name(made("/etc.tar.gz", {}).bytes));
  EXPECT_FALSE(written_entry_name(made("../etc.tar.gz", {}).bytes));
}

TEST(ZipRecords, KnowTheDescriptorThatTheWriterMade) {
  const std::vector<std::byte> content(1000, std::byte{7});
  const OneEntry zip = made("etc.tar.gz", content);

  const auto descriptor = written_descriptor(std::span(zip.bytes).subspan(zip.descriptor));

  EXPECT_EQ(descriptor, (ZipDescriptor{.crc = crc32(0, content), .bytes = 1000}));
}

TEST(ZipRecords, TakeNothingElseForADescriptor) {
  OneEntry zip = made("etc.tar.gz", std::vector<std::byte>(1000));
  const std::span<const std::byte> all = std::span(zip.bytes).subspan(zip.descriptor);
  EXPECT_FALSE(written_descriptor(all.first(zip::kWrittenDescriptorBytes - 1)));
  EXPECT_FALSE(written_descriptor(all.subspan(1)));
  zip.bytes[zip.descriptor + 8] ^= std::byte{1};  // One of the two sizes.
  EXPECT_FALSE(written_descriptor(all));
}

}  // namespace
}  // namespace osbackup::archive
