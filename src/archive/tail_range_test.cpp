#include "archive/tail_range.hpp"

#include <gmock/gmock.h>

#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::archive {
namespace {

const std::vector<std::byte> kObject = test::random_bytes({.size = 300'000, .seed = 3});

std::vector<std::byte> read(const TailRange& range, std::uint64_t offset, std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  range.read(offset, out);
  return out;
}

std::vector<std::byte> part(std::size_t offset, std::size_t bytes) {
  const auto all = std::span(kObject).subspan(offset, bytes);
  return {all.begin(), all.end()};
}

TEST(TailRange, ReadsTheTailOnceAndTheRestWhenItIsWanted) {
  const TailRange range(std::make_shared<MemoryRange>(kObject));
  EXPECT_EQ(range.count().reads, 1U);

  EXPECT_EQ(read(range, 299'000, 1'000), part(299'000, 1'000));
  EXPECT_EQ(read(range, 300'000 - kTailBytes, kTailBytes), part(300'000 - kTailBytes, kTailBytes));
  EXPECT_EQ(range.count().reads, 1U);
  EXPECT_EQ(range.count().bytes, kTailBytes);

  EXPECT_EQ(read(range, 10, 100), part(10, 100));
  EXPECT_EQ(range.count().reads, 2U);
  EXPECT_EQ(range.count().bytes, kTailBytes + 100);
}

TEST(TailRange, ReadsOfARangeThatReachesIntoTheTailOnlyWhatIsBeforeIt) {
  const TailRange range(std::make_shared<MemoryRange>(kObject));

  EXPECT_EQ(read(range, 300'000 - kTailBytes - 5, 20), part(300'000 - kTailBytes - 5, 20));
  EXPECT_EQ(range.count().bytes, kTailBytes + 5);
}

TEST(TailRange, KeepsAllOfASmallObject) {
  const TailRange range(std::make_shared<MemoryRange>(part(0, 10)));

  EXPECT_EQ(read(range, 0, 10), part(0, 10));
  EXPECT_EQ(range.count().reads, 1U);
  EXPECT_EQ(TailRange(std::make_shared<MemoryRange>(part(0, 0))).count().reads, 0U);
}

std::vector<std::byte> streamed(const TailRange& range, std::uint64_t offset, std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  const std::unique_ptr<ByteSource> stream = range.stream(offset, bytes);
  EXPECT_EQ(stream->read(out), bytes);
  EXPECT_EQ(stream->read(std::span(out).first(std::min<std::size_t>(1, bytes))), 0U);
  return out;
}

TEST(TailRange, AStreamIsOneReadOfTheObject) {
  const TailRange range(std::make_shared<MemoryRange>(kObject));

  const std::unique_ptr<ByteSource> stream = range.stream(100, 299'900);
  std::vector<std::byte> begin(1'000);
  stream->read(begin);
  EXPECT_EQ(begin, part(100, 1'000));
  EXPECT_EQ(range.count().bytes, kTailBytes + 1'000);
  EXPECT_EQ(stream->skip(1'000'000), 298'900U);

  EXPECT_EQ(range.count().reads, 2U);
  EXPECT_EQ(range.count().bytes, kTailBytes + 299'900);
}

TEST(TailRange, AStreamFromTheTailIsNoRead) {
  const TailRange range(std::make_shared<MemoryRange>(kObject));

  EXPECT_EQ(streamed(range, 300'000 - kTailBytes, kTailBytes), part(300'000 - kTailBytes, kTailBytes));
  EXPECT_EQ(streamed(range, 299'000, 10), part(299'000, 10));
  EXPECT_EQ(streamed(range, 300'000, 0), part(300'000, 0));

  EXPECT_EQ(range.count().reads, 1U);
  EXPECT_EQ(range.count().bytes, kTailBytes);
}

TEST(TailRange, RefusesWhatIsBeyondTheEnd) {
  const TailRange range(std::make_shared<MemoryRange>(kObject));

  for (const std::uint64_t offset : {std::uint64_t{299'991}, std::uint64_t{300'001}, ~std::uint64_t{0}}) {
    EXPECT_THAT([&] { read(range, offset, 10); }, test::fails_with(ErrorKind::Corrupt, "only 300000 are there"));
    EXPECT_THAT([&] { range.stream(offset, 10); }, test::fails_with(ErrorKind::Corrupt, "only 300000 are there"));
  }
}

}  // namespace
}  // namespace osbackup::archive
