#include "archive/gzip_stream.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "archive/gzip_member.hpp"
#include "core/range_source.hpp"
#include "support/fails_with.hpp"
#include "support/project_file.hpp"
#include "support/random_bytes.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::archive {
namespace {

using namespace std::string_literals;
using test::fails_with;

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string random_text(std::size_t size) {
  const std::vector<std::byte> bytes = test::random_bytes({.size = size, .seed = size});
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What a stream gives.
struct Inflated {
  std::string content;
  std::uint64_t compressed_offset = 0;
  bool has_trailing_garbage = false;
};

Inflated inflate(std::string_view compressed, std::size_t piece_bytes = 1000) {
  const MemoryRange range(bytes_of(compressed));
  RangeSource source(range, {.offset = 0, .length = range.size()});
  GzipStream stream(source);
  std::string content;
  std::string piece(piece_bytes, '\0');
  for (std::size_t found = piece_bytes; found == piece_bytes;) {
    found = stream.read(std::as_writable_bytes(std::span(piece)));
    content.append(piece, 0, found);
  }
  EXPECT_EQ(stream.read(std::as_writable_bytes(std::span(piece))), 0U);
  stream.check();
  return {content, stream.compressed_offset(), stream.has_trailing_garbage()};
}

std::optional<std::string> inflate_unless_corrupt(std::string_view compressed) {
  try {
    return inflate(compressed).content;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    return std::nullopt;
  }
}

class GzipStreamOfPrograms : public testing::Test {
 protected:
  /// What a shell command makes of a content that it finds in the file `content`.
  std::string made_by(const std::string& command, const std::string& content) {
    std::ofstream(folder_.path() / "content", std::ios::binary) << content;
    test::output_of({.text = command + " > made", .directory = folder_.path()});
    return test::content_of(folder_.path() / "made");
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(GzipStreamOfPrograms, ReadsWhatTheyMake) {
  std::string large;
  for (int i = 0; i < 50'000; ++i) large += "line " + std::to_string(i * 7919) + "\n";
  const std::string python =
      "/usr/bin/python3 -c 'import gzip, sys; sys.stdout.buffer.write(gzip.compress(open(\"content\", "
      "\"rb\").read()))'";
  for (const std::string& content : {""s, "x"s, large, random_text(700'000), std::string(3'000'000, '\0')})
    for (const char* command :
         {"gzip -c content", "gzip -1c content", "gzip -9nc content", "gzip -c <content", "pigz -c content",
          "pigz -b 128 -p 4 -ic content", "cat content | pigz -c --comment 'a note'", "pigz -0c content",
          python.c_str(), "{ head -c 100000 content | gzip -c; tail -c +100001 content | pigz -c; }"}) {
      const std::string made = made_by(command, content);
      for (const std::size_t piece_bytes : {std::size_t{997}, std::size_t{1} << 20U}) {
        const Inflated found = inflate(made, piece_bytes);
        EXPECT_TRUE(found.content == content) << command << ", " << content.size() << " bytes";
        EXPECT_EQ(found.compressed_offset, made.size());
        EXPECT_FALSE(found.has_trailing_garbage);
      }
    }
}

std::string member_of(const std::string& content) {
  std::vector<std::byte> buffer;
  const auto member = GzipMemberEncoder(Compression::Balanced).encode(bytes_of(content), buffer);
  return {reinterpret_cast<const char*>(member.data()), member.size()};
}

TEST(GzipStream, ReadsHeadersAndTrailersThatLieAcrossThePiecesOfItsInput) {
  constexpr std::size_t kPieceBytes = 256U << 10U;
  const std::string second = member_of("second");
  const std::size_t overhead = member_of(random_text(kPieceBytes)).size() - kPieceBytes;
  // Random bytes do not shrink, so each byte more moves the end of the first member by one.
  for (std::size_t end = kPieceBytes - 30; end < kPieceBytes + 12; ++end) {
    const std::string content = random_text(end - overhead);
    const std::string first = member_of(content);

    EXPECT_TRUE(inflate(first + second, 100'000).content == content + "second") << first.size();
  }
}

/// "hello", deflated, with its CRC and its length.
const std::string kHello = "\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\0\0\0"s;
constexpr auto kFixedFields = std::string_view("\0\0\0\0\0\x03", 6);  // MTIME, XFL, OS.

std::string header(char flags, const std::string& optional_fields) {
  return "\x1f\x8b\x08"s + flags + std::string(kFixedFields) + optional_fields;
}

TEST(GzipStream, ReadsOurMembersOneAfterAnother) {
  const std::string large = random_text(1'500'000);

  EXPECT_EQ(inflate(member_of("one ") + member_of("") + member_of("two") + member_of(large)).content,
            "one two" + large);
}

TEST(GzipStream, GoesOverEveryOptionalField) {
  EXPECT_EQ(inflate(header(0, "") + kHello).content, "hello");
  EXPECT_EQ(inflate(header(1, "") + kHello).content, "hello") << "FTEXT";
  EXPECT_EQ(inflate(header(4, "\0\0"s) + kHello).content, "hello") << "FEXTRA without content";
  EXPECT_EQ(inflate(header(4, "\x03\0abc"s) + kHello).content, "hello");
  EXPECT_EQ(inflate(header(4, "\xff\xff"s + std::string(65'535, 'x')) + kHello).content, "hello");
  EXPECT_EQ(inflate(header(8, "name\0"s) + kHello).content, "hello");
  EXPECT_EQ(inflate(header(8, std::string(1'000'000, 'n') + '\0') + kHello).content, "hello");
  EXPECT_EQ(inflate(header(16, "comment\0"s) + kHello).content, "hello");
  EXPECT_EQ(inflate(header(4 + 8 + 16, "\x01\0x\0\0"s) + kHello).content, "hello");
}

TEST(GzipStream, ChecksTheCrcOfAHeader) {
  // CRC-32 of the 10 bytes before, by zlib.
  const std::string checked = header(2, "\xa7w"s);

  EXPECT_EQ(inflate(checked + kHello).content, "hello");
  EXPECT_THAT([&] { inflate(header(2, "\xa6w"s) + kHello); },
              fails_with(ErrorKind::Corrupt, "byte 0 of a gzip stream: the CRC of a member's header is not true"));
}

TEST(GzipStream, TakesZerosBehindTheLastMemberForPadding) {
  const std::string stream = member_of("hello") + std::string(600'000, '\0');

  const Inflated found = inflate(stream);

  EXPECT_EQ(found.content, "hello");
  EXPECT_EQ(found.compressed_offset, stream.size());
  EXPECT_FALSE(found.has_trailing_garbage);
}

TEST(GzipStream, DoesNotReadWhatIsNoMember) {
  for (const std::string& garbage :
       {"garbage"s, "\x1f"s, "\x1f\x1f"s, "\0\0x"s, "\0"s + member_of("more"), std::string(300'000, '\0') + "x"}) {
    const Inflated found = inflate(member_of("hello") + garbage);

    EXPECT_EQ(found.content, "hello");
    EXPECT_TRUE(found.has_trailing_garbage);
  }
}

TEST(GzipStream, RefusesWhatIsNoStream) {
  EXPECT_THAT([] { inflate(""); }, fails_with(ErrorKind::Corrupt, "byte 0 of a gzip stream: it is empty"));
  for (const std::string& text : {"PK\x03\x04"s, "\x1f"s, "\x1f\x9d\x90"s, std::string(100, '\0')})
    EXPECT_THAT([&] { inflate(text); }, fails_with(ErrorKind::Corrupt, "byte 0 of a gzip stream: it is none"));
  EXPECT_THAT([] { inflate("\x1f\x8b\x07"s + kHello); }, fails_with(ErrorKind::Corrupt, "not deflated"));
  EXPECT_THAT([] { inflate(header(0x20, "") + kHello); }, fails_with(ErrorKind::Corrupt, "unknown flags"));
}

TEST(GzipStream, GivesTheContentOfAMemberWithAWrongCrcAndOfThoseBehindIt) {
  for (const std::ptrdiff_t wrong : {8, 4}) {
    std::string first = member_of("hello ");
    first[first.size() - static_cast<std::size_t>(wrong)] ^= 1;
    std::string stored = first;
    stored.append(member_of("and ")).append(first).append(member_of("more"));
    const MemoryRange range(bytes_of(stored));
    RangeSource source(range, {.offset = 0, .length = range.size()});
    GzipStream stream(source);
    std::string content(100, '\0');

    content.resize(stream.read(std::as_writable_bytes(std::span(content))));

    EXPECT_EQ(content, "hello and hello more");
    EXPECT_THAT([&] { stream.check(); },
                fails_with(ErrorKind::Corrupt, "the gzip member at byte 0 has another CRC or length than its trailer"));
  }
}

TEST(GzipStream, NamesTheOffsetOfDamage) {
  const std::string first = member_of("hello");
  const std::string second = member_of("more");
  std::string damaged = first + second;
  damaged[damaged.size() - 8] ^= 1;

  EXPECT_THAT([&] { inflate(damaged); },
              fails_with(ErrorKind::Corrupt,
                         "the gzip member at byte " + std::to_string(first.size()) + " has another CRC or length"));
  EXPECT_THAT([&] { inflate((first + second).substr(0, first.size() + 30)); },
              fails_with(ErrorKind::Corrupt, "byte " + std::to_string(first.size() + 30) +
                                                 " of a gzip stream: the member at byte " +
                                                 std::to_string(first.size()) + " is cut off"));
  EXPECT_THAT([&] { inflate(first + second.substr(0, 12)); },
              fails_with(ErrorKind::Corrupt, "byte " + std::to_string(first.size() + 12) +
                                                 " of a gzip stream: it ends in the header of the member at byte " +
                                                 std::to_string(first.size())));
}

TEST(GzipStream, FindsEveryTruncationAndEveryFlippedBit) {
  const std::string content = "content content content, and more of it: 0123456789";
  const std::string one = member_of(content);
  const std::string stream = one + member_of(content);
  for (std::size_t bytes = 0; bytes < stream.size(); ++bytes) {
    // A single byte of a header is garbage that is not read.
    const bool is_whole = bytes == one.size() || bytes == one.size() + 1;
    EXPECT_EQ(inflate_unless_corrupt(stream.substr(0, bytes)), is_whole ? std::optional(content) : std::nullopt)
        << bytes;
  }
  for (std::size_t bit = 0; bit < stream.size() * 8; ++bit) {
    std::string flipped = stream;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    const auto found = inflate_unless_corrupt(flipped);
    EXPECT_TRUE(!found || *found == content + content || *found == content) << bit;
  }
}

TEST(GzipStream, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/gzip_stream");
  EXPECT_GE(corpus.size(), 5U);
  for (const std::string& text : corpus) inflate_unless_corrupt(text);
}

}  // namespace
}  // namespace osbackup::archive
