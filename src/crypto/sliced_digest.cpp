#include "crypto/sliced_digest.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

#include "core/error.hpp"

namespace osbackup::crypto {
namespace {

constexpr std::size_t kZerosBytes = 1U << 20U;

std::span<const std::byte> zeros() {
  static const std::vector<std::byte> kZeros(kZerosBytes);
  return kZeros;
}

[[noreturn]] void throw_cancelled() { throw Error(ErrorKind::Cancelled, "stopped while a file was hashed"); }

}  // namespace

bool SlicedDigest::is_turn_of(std::size_t slice) const {
  const std::scoped_lock lock(mutex_);
  return next_slice_ == slice;
}

void SlicedDigest::wait_for_turn_of(std::size_t slice, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!turn_ended_.wait(lock, stop, [&] { return next_slice_ == slice; })) throw_cancelled();
}

void SlicedDigest::update(std::uint64_t offset, std::span<const std::byte> bytes, const std::stop_token& stop) {
  hash_hole(offset, stop);
  hash_.update(bytes);
  position_ += bytes.size();
}

Sha256Digest SlicedDigest::finish(std::uint64_t size, const std::stop_token& stop) {
  hash_hole(size, stop);
  return hash_.finish();
}

void SlicedDigest::end_turn() {
  {
    const std::scoped_lock lock(mutex_);
    ++next_slice_;
  }
  turn_ended_.notify_all();
}

void SlicedDigest::hash_hole(std::uint64_t end, const std::stop_token& stop) {
  assert(end >= position_);
  while (position_ < end) {
    if (stop.stop_requested()) throw_cancelled();
    const std::span<const std::byte> piece =
        zeros().first(static_cast<std::size_t>(std::min<std::uint64_t>(kZerosBytes, end - position_)));
    hash_.update(piece);
    position_ += piece.size();
  }
}

}  // namespace osbackup::crypto
