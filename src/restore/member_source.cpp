#include "restore/member_source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"

namespace osbackup::restore {

MemberSource::MemberSource(std::unique_ptr<ByteSource> compressed, std::uint64_t bytes)
    : compressed_(std::move(compressed)), bytes_(bytes) {}

std::size_t MemberSource::read(std::span<std::byte> out) {
  std::size_t written = 0;
  while (written < out.size()) {
    if (used_ == content_.size() && !next_member()) break;
    const std::size_t piece = std::min(out.size() - written, content_.size() - used_);
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(used_), piece, out.subspan(written).begin());
    used_ += piece;
    written += piece;
  }
  return written;
}

/// Inflates the next member, which may be empty; false at the end.
bool MemberSource::next_member() {
  if (consumed_ == bytes_) return false;
  try {
    member_.clear();
    fetch(archive::kMemberHeaderBytes);
    const std::uint64_t length = archive::member_length(member_, bytes_ - consumed_);
    if (length > kTarMemberBytesMax)
      throw Error(ErrorKind::Corrupt,
                  fmt::format("it says that it has {} bytes, and at most {} are expected", length, kTarMemberBytesMax));
    fetch(static_cast<std::size_t>(length));
    content_ = inflater_.content_of(member_, kTarMemberContentMax);
    used_ = 0;
    consumed_ += length;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    throw error.within(fmt::format("the member at byte {} of {}", consumed_, bytes_));
  }
  return true;
}

/// Makes the member so many bytes long.
void MemberSource::fetch(std::size_t bytes) {
  constexpr std::size_t kStepBytes = 1U << 20U;
  while (member_.size() < bytes) {
    const std::size_t begin = member_.size();
    member_.resize(begin + std::min(bytes - begin, kStepBytes));
    const std::span<std::byte> piece = std::span(member_).subspan(begin);
    if (compressed_->read(piece) < piece.size()) throw Error(ErrorKind::Corrupt, "it is cut off");
  }
}

}  // namespace osbackup::restore
