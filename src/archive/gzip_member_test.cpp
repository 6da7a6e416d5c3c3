#include "archive/gzip_member.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include "support/child_process.hpp"
#include "support/random_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::archive {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::string_view text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}

/// Text with repetitions near and far, as in configuration files.
Bytes text_like(std::size_t size) {
  const Bytes noise = test::random_bytes({.size = size / 16 + 1, .seed = 5});
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i)
    text += "option_" + std::to_string(std::to_integer<unsigned>(noise[i % noise.size()])) + " = yes\n";
  text.resize(size);
  return bytes_of(text);
}

std::uint64_t little_endian(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | std::to_integer<std::uint64_t>(bytes[i - 1]);
  return value;
}

/// The lengths of the members in a stream, found by hopping alone.
std::vector<std::size_t> hop(std::span<const std::byte> stream) {
  std::vector<std::size_t> lengths;
  while (stream.size() >= 24) {
    const std::uint64_t length = little_endian(stream.subspan(16, 8));
    if (length < 24 || length > stream.size()) break;
    lengths.push_back(static_cast<std::size_t>(length));
    stream = stream.subspan(static_cast<std::size_t>(length));
  }
  EXPECT_TRUE(stream.empty());
  return lengths;
}

class GzipMember : public testing::TestWithParam<Compression> {
 protected:
  Bytes member_of(const Bytes& content) {
    Bytes out;
    append_member(content, out);
    return out;
  }
  void append_member(const Bytes& content, Bytes& out) {
    const std::span<const std::byte> member = encoder_.encode(content, buffer_);
    out.insert(out.end(), member.begin(), member.end());
  }

  /// Whether a shell command that finds the stream in the file `s.gz` writes exactly this content.
  void expect_reads_back(const std::string& command, const Bytes& stream, const Bytes& content) {
    write("s.gz", stream);
    write("expected", content);
    const auto said = folder_.path() / "said";
    const std::string script =
        "cd '" + folder_.path().string() + "' && set -o pipefail && " + command + " | cmp - expected";
    const int code = test::ChildProcess({.arguments = {"bash", "-c", script}, .output = said}).wait();
    EXPECT_EQ(code, 0) << command << ": " << test::text_of(said);
  }

  void write(const std::string& name, const Bytes& bytes) {
    std::ofstream file(folder_.path() / name, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    ASSERT_TRUE(file.flush());
  }

  void expect_every_reader_agrees(const Bytes& stream, const Bytes& content) {
    expect_reads_back("gzip -t s.gz && gzip -dc s.gz", stream, content);
    expect_reads_back("pigz -t s.gz && pigz -dc s.gz", stream, content);
    expect_reads_back("/usr/bin/python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.open(\"s.gz\").read())'",
                      stream, content);
  }

  GzipMemberEncoder encoder_{GetParam()};
  Bytes buffer_;
  test::TemporaryFolder folder_;
};

TEST_P(GzipMember, BeginsWithTheHeaderThatTheFormatSpells) {
  const Bytes member = member_of(bytes_of("hello"));

  const std::vector<unsigned> expected = {0x1F, 0x8B, 8, 4, 0, 0, 0, 0, 0, 3, 12, 0, 'O', 'B', 8, 0};
  std::vector<unsigned> header;
  for (std::size_t i = 0; i < expected.size(); ++i) header.push_back(std::to_integer<unsigned>(member[i]));
  EXPECT_EQ(header, expected);
  EXPECT_EQ(little_endian(std::span(member).subspan(16, 8)), member.size());
}

TEST_P(GzipMember, EndsWithChecksumAndLengthOfTheContent) {
  const Bytes member = member_of(bytes_of("123456789"));

  const auto trailer = std::span(member).last(8);
  EXPECT_EQ(little_endian(trailer.first(4)), 0xCBF43926U);  // The check value of this CRC.
  EXPECT_EQ(little_endian(trailer.last(4)), 9U);
}

TEST_P(GzipMember, IsReadByOtherProgramsWhateverItHolds) {
  for (const Bytes& content : {Bytes{}, bytes_of("x"), text_like(65'536), text_like(kMemberContentMax),
                               test::random_bytes({.size = kMemberContentMax, .seed = 1}), Bytes(kMemberContentMax),
                               text_like(3 * kMemberContentMax + 17)})
    expect_every_reader_agrees(member_of(content), content);
}

TEST_P(GzipMember, ManyInARowAreOneStream) {
  Bytes stream;
  Bytes content;
  for (std::size_t i = 0; i < 40; ++i) {
    const Bytes piece = i % 3 == 0 ? test::random_bytes({.size = i * 517, .seed = i}) : text_like(i * 3001);
    append_member(piece, stream);
    content.insert(content.end(), piece.begin(), piece.end());
  }

  EXPECT_EQ(hop(stream).size(), 40U);
  expect_every_reader_agrees(stream, content);
}

TEST_P(GzipMember, CanBeReadAloneFromWhereAHopLeads) {
  Bytes stream;
  append_member(text_like(kMemberContentMax), stream);
  append_member(bytes_of("the second"), stream);

  const std::vector<std::size_t> lengths = hop(stream);

  ASSERT_EQ(lengths.size(), 2U);
  const Bytes second(stream.begin() + static_cast<std::ptrdiff_t>(lengths[0]), stream.end());
  expect_reads_back("gzip -dc s.gz", second, bytes_of("the second"));
}

TEST_P(GzipMember, HardlyGrowsWhatCannotBeCompressed) {
  for (const std::size_t size : {1UL, 100UL, 65'536UL, 1UL << 20U, (5UL << 20U) + 3}) {
    const Bytes content = test::random_bytes({.size = size, .seed = size});

    const std::size_t grown = member_of(content).size() - size;

    EXPECT_LE(grown, 32 + 8 * (size / 65'536 + 1)) << size;
  }
}

TEST_P(GzipMember, IsTheSameInABufferThatIsUsedAgain) {
  Bytes buffer;
  encoder_.encode(test::random_bytes({.size = kMemberContentMax, .seed = 1}), buffer);
  const std::size_t kept = buffer.size();

  const auto member = encoder_.encode(text_like(1000), buffer);

  EXPECT_EQ(Bytes(member.begin(), member.end()), member_of(text_like(1000)));
  EXPECT_EQ(buffer.size(), kept);
}

TEST_P(GzipMember, DoesNotDependOnWhatWasCompressedBefore) {
  const Bytes content = text_like(200'000);
  const Bytes first = member_of(content);
  member_of(test::random_bytes({.size = 300'000, .seed = 3}));

  EXPECT_EQ(member_of(content), first);
}

std::string name_of(const testing::TestParamInfo<Compression>& tested) {
  return tested.param == Compression::Fast ? "Fast" : tested.param == Compression::Balanced ? "Balanced" : "Best";
}

INSTANTIATE_TEST_SUITE_P(EveryCompression, GzipMember,
                         testing::Values(Compression::Fast, Compression::Balanced, Compression::Best), name_of);

TEST(GzipMemberSize, IsBelowThatOfGzipForBestAndNotFarAboveForTheOthers) {
  const test::TemporaryFolder folder;
  const auto list = folder.path() / "size";
  // Text as it lies on every system that builds this: the C++ library's headers. They repeat themselves over and over,
  // which is where ISA-L is furthest behind.
  const std::string gather = "cat $(find /usr/include/c++ -type f | LC_ALL=C sort) | head -c 1048576 > '" +
                             (folder.path() / "text").string() + "' && gzip -6nc '" +
                             (folder.path() / "text").string() + "' | wc -c";
  ASSERT_EQ(test::ChildProcess({.arguments = {"sh", "-c", gather}, .output = list}).wait(), 0);
  const auto gzip_bytes = static_cast<double>(std::stoul(test::text_of(list)));
  const Bytes content = bytes_of(test::text_of(folder.path() / "text"));
  ASSERT_EQ(content.size(), 1U << 20U);

  const auto ratio = [&](Compression compression) {
    Bytes buffer;
    return static_cast<double>(GzipMemberEncoder(compression).encode(content, buffer).size()) / gzip_bytes;
  };

  EXPECT_LT(ratio(Compression::Best), 1.0);
  EXPECT_LT(ratio(Compression::Balanced), 1.35);
  EXPECT_LT(ratio(Compression::Fast), 1.35);
}

}  // namespace
}  // namespace osbackup::archive
