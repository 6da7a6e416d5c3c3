#include "archive/deflate_stream.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <string>

#include "archive/compressed_input.hpp"
#include "archive/inflate_step.hpp"
#include "core/error.hpp"

namespace osbackup::archive {

class DeflateStream::Inflater {
 public:
  explicit Inflater(ByteSource& compressed) : input_(compressed) { isal_inflate_init(&state_); }

  std::size_t read(std::span<std::byte> out) {
    std::size_t written = 0;
    while (written < out.size() && state_.block_state != ISAL_BLOCK_FINISH) written += step(out.subspan(written));
    return written;
  }

 private:
  /// One step; the bytes that it gave, which may be none.
  std::size_t step(std::span<std::byte> out) {
    const auto [code, consumed, written] = inflate_step(state_, input_, out);
    if (code != ISAL_DECOMP_OK) refuse("cannot be inflated");
    if (written == 0 && consumed == 0 && state_.block_state != ISAL_BLOCK_FINISH) refuse("is cut off");
    return written;
  }

  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(ErrorKind::Corrupt, "byte " + std::to_string(input_.offset()) + " of a deflate stream: it " + why);
  }

  CompressedInput input_;
  inflate_state state_{};
};

DeflateStream::DeflateStream(ByteSource& compressed) : inflater_(std::make_unique<Inflater>(compressed)) {}
DeflateStream::~DeflateStream() = default;

std::size_t DeflateStream::read(std::span<std::byte> out) { return inflater_->read(out); }

}  // namespace osbackup::archive
