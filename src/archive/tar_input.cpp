#include "archive/tar_input.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace osbackup::archive {
namespace {

[[noreturn]] void refuse_end(std::uint64_t offset) {
  throw Error(ErrorKind::Corrupt, "the tar is cut off at byte " + std::to_string(offset));
}

}  // namespace

bool TarInput::read_record_unless_at_end(TarRecord& record) {
  const std::size_t found = source_.read(std::as_writable_bytes(std::span(record)));
  offset_ += found;
  if (found > 0 && found < record.size()) refuse_end(offset_);
  return found > 0;
}

void TarInput::read(std::span<std::byte> out) {
  const std::size_t found = source_.read(out);
  offset_ += found;
  if (found < out.size()) refuse_end(offset_);
}

void TarInput::skip(std::uint64_t bytes) {
  if (bytes == 0) return;
  const std::uint64_t found = source_.skip(bytes);
  offset_ += found;
  if (found < bytes) refuse_end(offset_);
}

TarRecord TarInput::record() {
  TarRecord record{};
  read(std::as_writable_bytes(std::span(record)));
  return record;
}

std::string TarInput::text(std::uint64_t bytes) {
  constexpr std::size_t kPieceBytes = 64U << 10U;
  std::string text;
  while (text.size() < bytes) {
    const std::size_t begin = text.size();
    text.resize(begin + static_cast<std::size_t>(std::min<std::uint64_t>(bytes - begin, kPieceBytes)));
    read(std::as_writable_bytes(std::span(text).subspan(begin)));
  }
  skip(in_whole_records(bytes) - bytes);
  return text;
}

}  // namespace osbackup::archive
