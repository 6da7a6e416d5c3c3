#include "archive/inflate_step.hpp"

#include <algorithm>
#include <cstdint>

namespace osbackup::archive {

InflateStep inflate_step(inflate_state& state, CompressedInput& input, std::span<std::byte> out) {
  constexpr std::size_t kStepMax = 1U << 30U;  // ISA-L counts in 32 bits.
  const auto piece = input.piece();
  const auto room = static_cast<std::uint32_t>(std::min(out.size(), kStepMax));
  // It reads the input only, whatever the type says.
  state.next_in = const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(piece.data()));
  state.avail_in = static_cast<std::uint32_t>(piece.size());
  state.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  state.avail_out = room;
  InflateStep step{.code = isal_inflate(&state)};
  step.consumed = piece.size() - state.avail_in;
  step.written = room - state.avail_out;
  input.consume(step.consumed);
  return step;
}

}  // namespace osbackup::archive
