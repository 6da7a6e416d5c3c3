#include "crypto/sliced_digest.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "core/error.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::crypto {
namespace {

TEST(SlicedDigest, IsThePlainDigestWhicheverThreadComesFirst) {
  constexpr std::size_t kSlices = 20;
  constexpr std::size_t kSliceBytes = 5000;
  const std::vector<std::byte> content = test::random_bytes({.size = kSlices * kSliceBytes, .seed = 3});
  SlicedDigest digest;
  std::optional<Sha256Digest> found;
  const auto work = [&](std::size_t slice) {
    digest.wait_for_turn_of(slice, {});
    digest.update(slice * kSliceBytes, std::span(content).subspan(slice * kSliceBytes, kSliceBytes), {});
    if (slice == kSlices - 1) found = digest.finish(content.size(), {});
    digest.end_turn();
  };

  {
    std::vector<std::jthread> threads;
    for (std::size_t slice = kSlices; slice-- > 0;) threads.emplace_back(work, slice);
  }

  EXPECT_EQ(found, sha256(content));
}

TEST(SlicedDigest, HolesAreHashedAsZeros) {
  constexpr std::size_t kSize = (3U << 20U) + 17;
  std::vector<std::byte> content(kSize);
  content[100] = std::byte{1};
  content[kSize - 9] = std::byte{2};
  SlicedDigest digest;

  digest.update(100, std::span(content).subspan(100, 1), {});
  digest.update(kSize - 9, std::span(content).subspan(kSize - 9, 1), {});

  EXPECT_EQ(digest.finish(kSize, {}), sha256(content));
}

TEST(SlicedDigest, WhoWaitsIsCancelled) {
  SlicedDigest digest;
  std::stop_source stop;
  std::jthread canceller([&] { stop.request_stop(); });

  EXPECT_THROW(digest.wait_for_turn_of(1, stop.get_token()), Error);
}

TEST(SlicedDigest, AnEndlessHoleIsCancelled) {
  SlicedDigest digest;
  std::stop_source stop;
  std::jthread canceller([&] { stop.request_stop(); });

  EXPECT_THROW(digest.finish(1ULL << 60U, stop.get_token()), Error);
}

}  // namespace
}  // namespace osbackup::crypto
