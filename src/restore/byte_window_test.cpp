#include "restore/byte_window.hpp"

#include <gmock/gmock.h>

#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::restore {
namespace {

using testing::ElementsAreArray;

const std::vector<std::byte>& some_bytes() {
  static const auto kBytes = test::random_bytes({.size = 5'000'000, .seed = 7});
  return kBytes;
}

std::shared_ptr<const RangeReader> object() { return std::make_shared<MemoryRange>(some_bytes()); }

std::span<const std::byte> expected(std::uint64_t offset, std::size_t bytes) {
  return std::span(some_bytes()).subspan(offset, bytes);
}

TEST(ByteWindow, LooksForwardAndBack) {
  ByteWindow window(object(), {.offset = 1'000, .length = 4'000'000}, {});

  EXPECT_THAT(window.at(3'000'000, 100), ElementsAreArray(expected(3'000'000, 100)));
  EXPECT_THAT(window.at(1'000, 100), ElementsAreArray(expected(1'000, 100)));
  window.drop_before(2'900'000);
  EXPECT_THAT(window.at(2'900'000, 100), ElementsAreArray(expected(2'900'000, 100)));
  EXPECT_THAT(window.at(3'900'000, 100), ElementsAreArray(expected(3'900'000, 100)));
}

TEST(ByteWindow, EndsWhereItsPartOfTheObjectDoes) {
  ByteWindow window(object(), {.offset = 1'000, .length = 500}, {});

  EXPECT_EQ(window.end(), 1'500U);
  EXPECT_THAT(window.at(1'450, 100), ElementsAreArray(expected(1'450, 50)));
  EXPECT_THAT(window.at(1'500, 100), ElementsAreArray(expected(1'500, 0)));
}

TEST(ByteWindow, EndsWhenItIsStopped) {
  std::stop_source stop;
  ByteWindow window(object(), {.offset = 0, .length = 4'000'000}, stop.get_token());
  window.at(0, 10);
  stop.request_stop();

  EXPECT_THAT([&] { window.at(3'000'000, 10); }, test::fails_with(ErrorKind::Cancelled, "stopped"));
}

}  // namespace
}  // namespace osbackup::restore
