#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <set>

#include "archive/archive_reader.hpp"
#include "archive/gzip_member_reader.hpp"
#include "archive/gzip_stream.hpp"
#include "archive/tar_reader.hpp"
#include "core/error.hpp"
#include "support/peak_memory.hpp"
#include "support/project_file.hpp"

/// What our readers make of archives that were made to mislead them (tests/golden/hostile), without the commands.
namespace osbackup::archive {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kGrownBytesMax = 64U << 20U;
constexpr std::chrono::seconds kReadingTimeMax(10);

/// What was found in an archive: everything that its readers say of it, and what they refused.
struct Findings {
  std::vector<std::string> paths;    ///< In the index.
  std::vector<std::string> entries;  ///< Of the tars, with a digest of their content.
  std::vector<std::string> errors;

  bool operator==(const Findings&) const = default;
};

/// Reads an archive in every way there is, and goes on behind damage.
class ReadingOfEverything {
 public:
  explicit ReadingOfEverything(std::vector<std::byte> bytes) {
    attempt([&] {
      ArchiveReader reader(std::make_shared<MemoryRange>(std::move(bytes)));
      if (reader.manifest()) attempt([&] { read_index(reader); });
      attempt([&] { reader.check_local_headers(); });
      for (const ZipEntry& entry : reader.zip().entries())
        if (entry.name.ends_with(".tar.gz")) attempt([&] { read_tar(reader, entry); });
    });
  }

  const Findings& findings() const noexcept { return findings_; }

 private:
  void attempt(const std::function<void()>& read) {
    try {
      read();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::Usage) throw;
      findings_.errors.emplace_back(error.what());
    }
  }

  void read_index(ArchiveReader& reader) {
    IndexReader::Lines lines = reader.list(".");
    for (bool is_at_end = false; !is_at_end;) {
      attempt([&] {
        const std::optional<IndexEntry> line = lines.next();
        is_at_end = !line;
        if (!line) return;
        findings_.paths.push_back(line->entry.path);
        read_first_member(reader, reader.span_of(*line));
      });
    }
  }

  void read_first_member(const ArchiveReader& reader, ZipPlace span) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(span.length));
    reader.bytes()->read(span.offset, bytes);
    const auto length = static_cast<std::size_t>(member_length(bytes, bytes.size()));
    GzipMemberReader().content_of(std::span(bytes).first(length), kMemberContentMax);
  }

  void read_tar(const ArchiveReader& reader, const ZipEntry& entry) {
    const auto bytes = reader.bytes()->stream(reader.zip().data_offset(entry), entry.packed_bytes);
    GzipStream stream(*bytes);
    TarReader tar(stream);
    while (const std::optional<Entry> found = tar.next()) {
      crypto::Sha256 digest;
      std::vector<std::byte> buffer(64U << 10U);
      while (const std::size_t read = tar.read(buffer)) digest.update(std::span(buffer).first(read));
      findings_.entries.push_back(fmt::format("{} {} {}", found->path, found->target, crypto::to_hex(digest.finish())));
    }
    stream.check();
  }

  Findings findings_;
};

Findings findings_in(std::vector<std::byte> bytes) { return ReadingOfEverything(std::move(bytes)).findings(); }

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::set<std::filesystem::path> library() {
  std::set<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(test::project_path("tests/golden/hostile")))
    if (file.path().extension() == ".zip") files.insert(file.path());
  return files;
}

std::vector<std::byte> archive(const std::string& name) {
  return bytes_of(test::content_of(test::project_path("tests/golden/hostile/" + name + ".zip")));
}

TEST(HostileArchives, AreReadOrRefusedInBoundedTimeAndMemory) {
  EXPECT_GE(library().size(), 300U);
  for (const std::filesystem::path& file : library()) {
    const std::vector<std::byte> bytes = bytes_of(test::content_of(file));
    const test::PeakMemory memory;
    const auto begin = std::chrono::steady_clock::now();

    EXPECT_NO_THROW(findings_in(bytes)) << file;

    EXPECT_LT(memory.grown_bytes(), kGrownBytesMax) << file;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, kReadingTimeMax) << file;
  }
}

TEST(HostileArchives, HaveNoPathsInAnIndexThatLeadOut) {
  for (const std::filesystem::path& file : library()) {
    const Findings found = findings_in(bytes_of(test::content_of(file)));
    for (const std::string& path : found.paths) {
      EXPECT_THAT("/" + path + "/", Not(HasSubstr("/../"))) << file;
      EXPECT_THAT("/" + path + "/", Not(HasSubstr("//"))) << file;
    }
  }
}

TEST(HostileArchives, AreReadWholeWhenNothingIsWrongWithThem) {
  const Findings with_index = findings_in(archive("benign"));
  const Findings without_index = findings_in(archive("benign-without-an-index"));

  EXPECT_TRUE(with_index.errors.empty() && without_index.errors.empty());
  EXPECT_EQ(with_index.paths.size(), 3U);
  EXPECT_EQ(with_index.entries, without_index.entries);
}

TEST(HostileArchives, GiveRawRecordsInAFileAsItsContent) {
  for (const char* name : {"content-of-raw-records", "content-of-raw-records-indexed"}) {
    const Findings found = findings_in(archive(name));
    EXPECT_TRUE(found.errors.empty()) << name;
    EXPECT_EQ(found.entries.size(), 5U) << name;
  }
}

/// That an archive, with any of its bits flipped, is refused or says what it did before.
void expect_refused_or_right_with_any_bit_flipped(const std::string& name) {
  std::vector<std::byte> bytes = archive(name);
  const Findings right = findings_in(bytes);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const std::byte mask = std::byte{1} << (bit % 8);
    bytes[bit / 8] ^= mask;
    const Findings found = findings_in(bytes);
    EXPECT_TRUE(!found.errors.empty() || found == right) << "bit " << bit % 8 << " of byte " << bit / 8;
    bytes[bit / 8] ^= mask;
  }
}

TEST(HostileArchives, DoNotMisleadByAFlippedBit) { expect_refused_or_right_with_any_bit_flipped("benign"); }

TEST(HostileArchives, DoNotMisleadByAFlippedBitWithoutAnIndex) {
  expect_refused_or_right_with_any_bit_flipped("benign-without-an-index");
}

}  // namespace
}  // namespace osbackup::archive
