#pragma once

#include <isa-l/igzip_lib.h>

#include <cstddef>
#include <span>

#include "archive/compressed_input.hpp"

namespace osbackup::archive {

/// What one step of ISA-L came to.
struct InflateStep {
  int code = 0;              ///< ISA-L's.
  std::size_t consumed = 0;  ///< Of the input; nothing of it and nothing written: it is cut off.
  std::size_t written = 0;
};

/// Has ISA-L inflate what is at hand of the input, as far as there is room. One thread at a time.
InflateStep inflate_step(inflate_state& state, CompressedInput& input, std::span<std::byte> out);

}  // namespace osbackup::archive
