#include "archive/sparse_map.hpp"

#include <gmock/gmock.h>

#include <string>

#include "core/range_source.hpp"
#include "support/fails_with.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kHuge = std::uint64_t{1} << 63U;

/// What version 1.0 finds in a text that is padded to whole records.
struct FromContent {
  SparseMap map;
  std::uint64_t bytes = 0;
};
FromContent from_content(std::string text, std::uint64_t content_bytes = 1U << 20U) {
  text.resize(in_whole_records(text.size()));
  const auto bytes = std::as_bytes(std::span(text));
  const MemoryRange range({bytes.begin(), bytes.end()});
  RangeSource source(range, {.offset = 0, .length = range.size()});
  TarInput input(source);
  FromContent result;
  result.bytes = result.map.read_from_content(input, content_bytes);
  return result;
}

SparseMap from_list(const std::string& numbers) {
  SparseMap map;
  map.add_list(numbers);
  return map;
}

TEST(SparseMap, ReadsAList) {
  EXPECT_THAT(from_list("0,512,4096,100,9000,0").extents(9000, 612),
              ElementsAre(Extent{.offset = 0, .length = 512}, Extent{.offset = 4096, .length = 100}));
  EXPECT_THAT(from_list("").extents(9000, 0), IsEmpty());
}

TEST(SparseMap, ReadsTheBeginOfTheContent) {
  FromContent found = from_content("2\n0\n512\n4096\n100\n");

  EXPECT_EQ(found.bytes, 512U);
  EXPECT_THAT(std::move(found.map).extents(4196, 612),
              ElementsAre(Extent{.offset = 0, .length = 512}, Extent{.offset = 4096, .length = 100}));
}

TEST(SparseMap, GoesOnInTheNextRecord) {
  std::string text = "100\n";
  for (int i = 0; i < 100; ++i) text += std::to_string(i * 100'000) + "\n1\n";

  FromContent found = from_content(text);

  EXPECT_EQ(found.bytes, in_whole_records(text.size()));
  EXPECT_EQ(std::move(found.map).extents(10'000'000, 100).size(), 100U);
}

TEST(SparseMap, RefusesExtentsThatCannotBe) {
  EXPECT_THAT([] { from_list("100,10,109,1"); }, fails_with(ErrorKind::Corrupt, "overlap or are not in order"));
  EXPECT_THAT([] { from_list("100,0,99,1"); }, fails_with(ErrorKind::Corrupt, "overlap or are not in order"));
  EXPECT_THAT([] { from_list("1," + std::to_string(kHuge - 1)); },
              fails_with(ErrorKind::Corrupt, "beyond what a file"));
  EXPECT_THAT([] { from_list(std::to_string(kHuge) + ",0"); }, fails_with(ErrorKind::Corrupt, "beyond what a file"));
  EXPECT_THAT([] { from_list("0,18446744073709551615"); }, fails_with(ErrorKind::Corrupt, "beyond what a file"));
  EXPECT_THAT([] { from_list("0,10").extents(9, 10); }, fails_with(ErrorKind::Corrupt, "goes beyond the 9 bytes"));
  EXPECT_THAT([] { from_list("0,10").extents(10, 9); },
              fails_with(ErrorKind::Corrupt, "has 10 bytes of data, and the tar 9"));
}

TEST(SparseMap, RefusesWhatIsNoNumber) {
  for (const char* list : {"1", "1,", ",1", "1,2,3", "-1,2", "1,x", "1,18446744073709551616", "1,,2,3"})
    EXPECT_THAT([&] { from_list(list); }, fails_with(ErrorKind::Corrupt, "something else than numbers")) << list;
  for (const std::string& text : {std::string("\n"), std::string("x\n"), std::string("-1\n"), std::string("1\n0\n\n"),
                                  std::string(100, '0'), std::string("18446744073709551616\n")})
    EXPECT_THAT([&] { from_content(text); }, fails_with(ErrorKind::Corrupt, "something else than numbers")) << text;
}

TEST(SparseMap, EndsWithTheContentAndTheTar) {
  std::string text = "1000\n";
  for (int i = 0; i < 1000; ++i) text += std::to_string(i * 10) + "\n1\n";
  EXPECT_THAT([&] { from_content(text, 1024); }, fails_with(ErrorKind::Corrupt, "longer than the content"));
  EXPECT_THAT([&] { from_content(text, 511); }, fails_with(ErrorKind::Corrupt, "longer than the content"));
  EXPECT_THAT([&] { from_content(text.substr(0, 1024)); }, fails_with(ErrorKind::Corrupt, "cut off at byte 1024"));
}

TEST(SparseMap, HasALimitAndTakesNoMemoryForACount) {
  SparseMap map;
  for (std::size_t i = 0; i < kExtentsReadMax; ++i) map.add({.offset = 2 * i, .length = 1});
  EXPECT_THAT([&] { map.add({.offset = kHuge - 2, .length = 1}); },
              fails_with(ErrorKind::Corrupt, "has more than 1048576 extents"));
  EXPECT_THAT([] { from_content("18446744073709551615\n0\n1\n"); }, fails_with(ErrorKind::Corrupt, "numbers"));
}

}  // namespace
}  // namespace osbackup::archive
