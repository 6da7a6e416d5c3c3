#include "core/range_source.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/error.hpp"
#include "support/fails_with.hpp"

namespace osbackup {
namespace {

MemoryRange range_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return MemoryRange({bytes.begin(), bytes.end()});
}

std::string read_text(ByteSource& source, std::size_t bytes) {
  std::string text(bytes, '\0');
  text.resize(source.read(std::as_writable_bytes(std::span(text))));
  return text;
}

TEST(RangeSource, GivesItsPartAndThenNothing) {
  const MemoryRange range = range_of("0123456789");
  RangeSource source(range, {.offset = 2, .length = 5});

  EXPECT_EQ(read_text(source, 3), "234");
  EXPECT_EQ(read_text(source, 9), "56");
  EXPECT_EQ(read_text(source, 9), "");
}

TEST(RangeSource, SkipsNotBeyondItsPart) {
  const MemoryRange range = range_of("0123456789");
  RangeSource source(range, {.offset = 2, .length = 5});

  EXPECT_EQ(source.skip(3), 3U);
  EXPECT_EQ(read_text(source, 1), "5");
  EXPECT_EQ(source.skip(UINT64_MAX), 1U);
  EXPECT_EQ(source.skip(1), 0U);
}

TEST(RangeSource, RefusesAPartThatIsNotThere) {
  const MemoryRange range = range_of("0123456789");

  EXPECT_NO_THROW(RangeSource(range, {.offset = 10, .length = 0}));
  for (const RangeSource::Part part : {RangeSource::Part{.offset = 11, .length = 0},
                                       {.offset = 10, .length = 1},
                                       {.offset = 1, .length = UINT64_MAX},
                                       {.offset = UINT64_MAX, .length = 2}})
    EXPECT_THAT([&] { RangeSource(range, part); }, test::fails_with(ErrorKind::Corrupt, "in an object of 10"));
}

/// Numbers from 0 on, without a way of its own to skip.
class CountingSource final : public ByteSource {
 public:
  explicit CountingSource(std::uint64_t size) : size_(size) {}

  std::size_t read(std::span<std::byte> out) override {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - at_));
    for (std::byte& byte : out.first(bytes)) byte = static_cast<std::byte>(at_++);
    return bytes;
  }

 private:
  std::uint64_t size_;
  std::uint64_t at_ = 0;
};

TEST(ByteSource, SkipsByReading) {
  CountingSource source(1'000'003);
  std::array<std::byte, 1> next{};

  EXPECT_EQ(source.skip(0), 0U);
  EXPECT_EQ(source.skip(700'001), 700'001U);
  EXPECT_EQ(source.read(next), 1U);
  EXPECT_EQ(next[0], static_cast<std::byte>(700'001 % 256));
  EXPECT_EQ(source.skip(UINT64_MAX), 300'001U);
}

}  // namespace
}  // namespace osbackup
