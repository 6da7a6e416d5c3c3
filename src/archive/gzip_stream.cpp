#include "archive/gzip_stream.hpp"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "archive/compressed_input.hpp"
#include "archive/inflate_step.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

constexpr std::size_t kBufferBytes = 256U << 10U;

/// FLG of RFC 1952, section 2.3.1.
enum Flag : unsigned { HasHeaderCrc = 2, HasExtraField = 4, HasName = 8, HasComment = 16, Reserved = 0xE0 };

[[noreturn]] void refuse(std::uint64_t offset, const std::string& why) {
  throw Error(ErrorKind::Corrupt, "byte " + std::to_string(offset) + " of a gzip stream: " + why);
}

/// Reads the rest of a member's header, whose first two bytes were seen.
class HeaderReader {
 public:
  explicit HeaderReader(CompressedInput& input) : input_(input), begin_(input.offset() - 2) {
    add(0x1F);
    add(0x8B);
  }

  void read() {
    if (next() != 8) refuse(begin_, "a member that is not deflated");
    const unsigned flags = next();
    if ((flags & Reserved) != 0) refuse(begin_, "a member with unknown flags");
    for (int i = 0; i < 6; ++i) next();  // MTIME, XFL, OS.
    if ((flags & HasExtraField) != 0) {
      unsigned length = next();
      length |= static_cast<unsigned>(next()) << 8U;
      while (length-- > 0) next();
    }
    for (const Flag text : {HasName, HasComment})
      if ((flags & text) != 0)
        while (next() != 0) continue;
    if ((flags & HasHeaderCrc) != 0) check();
  }

 private:
  std::uint8_t next() {
    const std::optional<std::uint8_t> byte = input_.next();
    if (!byte) refuse(input_.offset(), "it ends in the header of the member at byte " + std::to_string(begin_));
    add(*byte);
    return *byte;
  }
  void add(std::uint8_t byte) { crc_ = crc32_gzip_refl(crc_, &byte, 1); }
  void check() {
    const std::uint32_t expected = crc_ & 0xFFFFU;
    std::uint32_t found = next();
    found |= static_cast<std::uint32_t>(next()) << 8U;
    if (found != expected) refuse(begin_, "the CRC of a member's header is not true");
  }

  CompressedInput& input_;
  std::uint64_t begin_;
  std::uint32_t crc_ = 0;
};

}  // namespace

class GzipStream::Inflater {
 public:
  explicit Inflater(ByteSource& compressed) : input_(compressed), buffer_(kBufferBytes) {}

  std::size_t read(std::span<std::byte> out) {
    std::size_t written = 0;
    while (written < out.size()) {
      const auto rest = out.subspan(written);
      if (at_ < filled_) {
        written += take(rest);
      } else if (rest.size() >= buffer_.size()) {
        const std::size_t bytes = inflate(rest);
        if (bytes == 0) break;
        written += bytes;
      } else {
        at_ = 0;
        filled_ = 0;
        filled_ = inflate(buffer_);
        if (filled_ == 0) break;
      }
    }
    return written;
  }

  std::uint64_t compressed_offset() const noexcept { return input_.offset(); }
  bool has_trailing_garbage() const noexcept { return garbage_; }
  void check() const {
    if (first_wrong_member_)
      throw Error(ErrorKind::Corrupt, "the gzip member at byte " + std::to_string(*first_wrong_member_) +
                                          " has another CRC or length than its trailer says");
  }

 private:
  /// Moves what is inflated already.
  std::size_t take(std::span<std::byte> out) noexcept {
    const std::size_t bytes = std::min(out.size(), filled_ - at_);
    std::memcpy(out.data(), buffer_.data() + at_, bytes);
    at_ += bytes;
    return bytes;
  }

  /// Inflates at least one byte; 0 at the end.
  std::size_t inflate(std::span<std::byte> out) {
    while (!ended_) {
      if (!inside_member_ && !begin_member()) break;
      if (const std::size_t bytes = inflate_more(out); bytes > 0) return bytes;
    }
    return 0;
  }

  bool begin_member() {
    const std::optional<std::uint8_t> first = input_.next();
    const std::optional<std::uint8_t> second = first == 0x1F ? input_.next() : std::nullopt;
    if (second != 0x8B) {
      if (is_first_) refuse(0, first ? "it is none" : "it is empty");
      garbage_ = first && (first != 0 || !only_zeros_follow());
      ended_ = true;
      return false;
    }
    is_first_ = false;
    member_offset_ = input_.offset() - 2;
    HeaderReader(input_).read();
    isal_inflate_init(&state_);
    state_.crc_flag = ISAL_GZIP_NO_HDR_VER;  // It reads the trailer too, and checks CRC and ISIZE.
    inside_member_ = true;
    return true;
  }

  bool only_zeros_follow() {
    for (auto piece = input_.piece(); !piece.empty(); piece = input_.piece()) {
      if (!std::all_of(piece.begin(), piece.end(), [](std::byte byte) { return byte == std::byte{0}; })) return false;
      input_.consume(piece.size());
    }
    return true;
  }

  /// One step; the bytes that it gave, which may be none.
  std::size_t inflate_more(std::span<std::byte> out) {
    const auto [code, consumed, written] = inflate_step(state_, input_, out);
    const bool is_wrong = code == ISAL_INCORRECT_CHECKSUM;
    if (is_wrong && !first_wrong_member_) first_wrong_member_ = member_offset_;
    if (code != ISAL_DECOMP_OK && !is_wrong) refuse_member("cannot be inflated");
    if (is_wrong || state_.block_state == ISAL_BLOCK_FINISH) {
      inside_member_ = false;
    } else if (written == 0 && consumed == 0) {
      refuse_member("is cut off");
    }
    return written;
  }

  [[noreturn]] void refuse_member(const std::string& why) {
    refuse(input_.offset(), "the member at byte " + std::to_string(member_offset_) + " " + why);
  }

  CompressedInput input_;
  std::vector<std::byte> buffer_;  ///< Inflated bytes; those from `at_` to `filled_` were not given out yet.
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  inflate_state state_{};
  std::uint64_t member_offset_ = 0;
  std::optional<std::uint64_t> first_wrong_member_;
  bool inside_member_ = false;
  bool is_first_ = true;
  bool ended_ = false;
  bool garbage_ = false;
};

GzipStream::GzipStream(ByteSource& compressed) : inflater_(std::make_unique<Inflater>(compressed)) {}
GzipStream::~GzipStream() = default;

std::size_t GzipStream::read(std::span<std::byte> out) { return inflater_->read(out); }
void GzipStream::check() const { inflater_->check(); }
std::uint64_t GzipStream::compressed_offset() const noexcept { return inflater_->compressed_offset(); }
bool GzipStream::has_trailing_garbage() const noexcept { return inflater_->has_trailing_garbage(); }

}  // namespace osbackup::archive
