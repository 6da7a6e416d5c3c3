#include "archive/deflate_stream.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/range_source.hpp"
#include "support/fails_with.hpp"
#include "support/project_file.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

std::string deflated(std::string text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string inflated(std::string_view compressed) {
  const auto bytes = std::as_bytes(std::span(compressed));
  const MemoryRange range({bytes.begin(), bytes.end()});
  RangeSource source(range, {.offset = 0, .length = range.size()});
  DeflateStream stream(source);
  std::string text(1U << 22U, '\0');
  text.resize(stream.read(std::as_writable_bytes(std::span(text))));
  EXPECT_LT(text.size(), 1U << 22U);
  return text;
}

TEST(DeflateStream, GivesTheContent) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + "\n";

  EXPECT_EQ(inflated(deflated(text)), text);
  EXPECT_EQ(inflated(deflated("")), "");
}

TEST(DeflateStream, DoesNotLookAtWhatFollows) { EXPECT_EQ(inflated(deflated("abc") + "more"), "abc"); }

TEST(DeflateStream, NoticesWhereverItIsCutOff) {
  const std::string whole = deflated("abcabcabcdefdefdefghi");
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes)
    EXPECT_THAT([&] { inflated(std::string_view(whole).substr(0, bytes)); },
                fails_with(ErrorKind::Corrupt, "of a deflate stream: it is cut off"))
        << bytes;
}

TEST(DeflateStream, RefusesWhatIsNone) {
  EXPECT_THAT([] { inflated("\xff\xff\xff"); },
              fails_with(ErrorKind::Corrupt, "of a deflate stream: it cannot be inflated"));
}

TEST(DeflateStream, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/deflate_stream");
  EXPECT_GE(corpus.size(), 5U);
  for (const std::string& text : corpus) {
    try {
      inflated(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    }
  }
}

}  // namespace
}  // namespace osbackup::archive
