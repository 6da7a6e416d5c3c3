#include "archive/list_members.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "archive/gzip_member_reader.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

constexpr std::size_t kPieceBytes = 4U << 20U;

}  // namespace

ListMembers::ListMembers(std::shared_ptr<const RangeReader> list, const LinesSummary& summary)
    : list_(std::move(list)), summary_(summary) {
  if (list_->size() != summary_.length)
    throw Error(ErrorKind::Corrupt, fmt::format("a list of {} bytes should have {}", list_->size(), summary_.length));
}

std::optional<ListMembers::Member> ListMembers::next() {
  const std::uint64_t offset = fetched_ - (buffer_.size() - used_);
  if (offset == summary_.length) return std::nullopt;
  fill(kMemberHeaderBytes);
  const std::uint64_t length = member_length(std::span(buffer_).subspan(used_), summary_.length - offset);
  if (length > kListMemberBytesMax)
    throw Error(ErrorKind::Corrupt, fmt::format("a gzip member at byte {} says that it has {} bytes", offset, length));
  fill(static_cast<std::size_t>(length));
  const Member member{.offset = offset, .bytes = std::span(buffer_).subspan(used_, static_cast<std::size_t>(length))};
  used_ += static_cast<std::size_t>(length);
  return member;
}

void ListMembers::fill(std::size_t bytes) {
  if (buffer_.size() - used_ >= bytes) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  while (buffer_.size() < bytes) {
    const std::uint64_t left = summary_.length - fetched_;
    if (left == 0) throw Error(ErrorKind::Corrupt, "a gzip member is cut off");
    const std::size_t before = buffer_.size();
    buffer_.resize(before + static_cast<std::size_t>(std::min<std::uint64_t>(left, kPieceBytes)));
    const std::span<std::byte> piece = std::span(buffer_).subspan(before);
    list_->read(fetched_, piece);
    fetched_ += piece.size();
    digest_.update(piece);
  }
  if (fetched_ == summary_.length && digest_.finish() != summary_.sha256)
    throw Error(ErrorKind::Corrupt, "the digest does not match the manifest's");
}

std::optional<std::string_view> take_line(std::string_view& text) {
  if (text.empty()) return std::nullopt;
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) throw Error(ErrorKind::Corrupt, "a line does not end");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::string inflate_lines(std::span<const std::byte> member) {
  const std::vector<std::byte> text = GzipMemberReader().content_of(member, kListTextBytesMax);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

}  // namespace osbackup::archive
