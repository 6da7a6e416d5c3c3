#include "archive/gzip_member_reader.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <new>
#include <string>

#include "archive/crc32.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

/// What a byte of deflate can hold at most: four times 258 bytes, each in a code of one bit for the length and one for
/// the distance (RFC 1951, section 3.2.5).
constexpr std::size_t kDeflateRatioMax = std::size_t{4} * 258;

std::uint64_t little_endian(std::span<const std::byte> bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | std::to_integer<std::uint64_t>(bytes[i - 1]);
  return value;
}

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::Corrupt, "a gzip member " + why); }

}  // namespace

std::optional<std::size_t> MemberRemains::likely_bytes(std::size_t content_bytes_max) const noexcept {
  if (inflated) return has_its_crc || said_bytes == *inflated ? inflated : std::nullopt;
  if (said_bytes == 0 || said_bytes > content_bytes_max) return std::nullopt;
  return static_cast<std::size_t>(said_bytes);
}

std::uint64_t member_length(std::span<const std::byte> header, std::uint64_t bytes_left) {
  if (header.size() < kMemberHeaderBytes) refuse("is cut off in its header");
  if (!std::equal(kMemberHeaderStart.begin(), kMemberHeaderStart.end(), header.begin(),
                  [](std::uint8_t expected, std::byte found) { return std::byte{expected} == found; }))
    refuse("does not begin as the format says");
  const std::uint64_t length = little_endian(header.subspan(kMemberHeaderStart.size(), 8));
  if (length < kMemberBytesMin || length > bytes_left)
    refuse("says that it has " + std::to_string(length) + " bytes, of " + std::to_string(bytes_left) +
           " that are left");
  return length;
}

void GzipMemberReader::Free::operator()(libdeflate_decompressor* decompressor) const noexcept {
  libdeflate_free_decompressor(decompressor);
}

GzipMemberReader::GzipMemberReader() : decompressor_(libdeflate_alloc_decompressor()) {
  if (!decompressor_) throw std::bad_alloc();
}

std::size_t GzipMemberReader::inflate(std::span<const std::byte> member, std::span<std::byte> out) {
  if (member_length(member, member.size()) != member.size()) refuse("does not end where it says");
  const auto deflated = member.subspan(kMemberHeaderBytes, member.size() - kMemberBytesMin);
  std::size_t consumed = 0;
  std::size_t produced = 0;
  switch (libdeflate_deflate_decompress_ex(decompressor_.get(), deflated.data(), deflated.size(), out.data(),
                                           out.size(), &consumed, &produced)) {
    case LIBDEFLATE_SUCCESS:
      break;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      refuse("holds more than the " + std::to_string(out.size()) + " bytes that " +
             (little_endian(member.last(4)) == out.size() ? "it says" : "are allowed"));
    default:
      refuse("cannot be inflated");
  }
  if (consumed != deflated.size()) refuse("does not end where it says");
  const auto trailer = member.last(kMemberTrailerBytes);
  if (little_endian(trailer.last(4)) != (produced & 0xFFFFFFFFU)) refuse("does not hold as many bytes as it says");
  if (little_endian(trailer.first(4)) != crc32(0, out.first(produced))) refuse("has another CRC than it says");
  return produced;
}

std::vector<std::byte> GzipMemberReader::content_of(std::span<const std::byte> member, std::size_t content_bytes_max) {
  if (member.size() < kMemberBytesMin) refuse("is cut off");
  const std::uint64_t bytes = little_endian(member.last(4));
  if (bytes > content_bytes_max)
    refuse("says that it holds " + std::to_string(bytes) + " bytes, of which at most " +
           std::to_string(content_bytes_max) + " are expected");
  if (bytes > member.size() * kDeflateRatioMax) refuse("says that it holds more than it can");
  std::vector<std::byte> content(static_cast<std::size_t>(bytes));
  content.resize(inflate(member, content));
  return content;
}

MemberRemains GzipMemberReader::inflate_damaged(std::span<const std::byte> member, std::size_t content_bytes_max,
                                                std::vector<std::byte>& content) {
  constexpr std::uint64_t kRoomMin = 4096;
  content.clear();
  MemberRemains remains;
  if (member.size() < kMemberBytesMin) return remains;
  const auto trailer = member.last(kMemberTrailerBytes);
  remains.said_bytes = little_endian(trailer.last(4));
  const auto deflated = member.subspan(kMemberHeaderBytes, member.size() - kMemberBytesMin);
  const auto room_max = std::min(content_bytes_max, deflated.size() * kDeflateRatioMax);
  // What ISIZE says may be damaged too: then there is more to be had.
  for (std::uint64_t room = std::max(remains.said_bytes, kRoomMin);; room *= 2) {
    content.assign(static_cast<std::size_t>(std::min<std::uint64_t>(room, room_max)), std::byte{0});
    std::size_t consumed = 0;
    std::size_t produced = 0;
    const auto result = libdeflate_deflate_decompress_ex(decompressor_.get(), deflated.data(), deflated.size(),
                                                         content.data(), content.size(), &consumed, &produced);
    if (result == LIBDEFLATE_SUCCESS && consumed == deflated.size()) {
      remains.inflated = produced;
      remains.has_its_crc = little_endian(trailer.first(4)) == crc32(0, std::span(content).first(produced));
      return remains;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE || content.size() == room_max) return remains;
  }
}

}  // namespace osbackup::archive
