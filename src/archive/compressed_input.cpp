#include "archive/compressed_input.hpp"

namespace osbackup::archive {

std::span<const std::byte> CompressedInput::piece() {
  if (at_ == filled_ && !ended_) {
    at_ = 0;
    filled_ = source_.read(buffer_);
    ended_ = filled_ < buffer_.size();
  }
  return std::span<const std::byte>(buffer_).subspan(at_, filled_ - at_);
}

void CompressedInput::consume(std::size_t bytes) noexcept {
  at_ += bytes;
  offset_ += bytes;
}

std::optional<std::uint8_t> CompressedInput::next() {
  const auto bytes = piece();
  if (bytes.empty()) return std::nullopt;
  const auto value = std::to_integer<std::uint8_t>(bytes.front());
  consume(1);
  return value;
}

}  // namespace osbackup::archive
