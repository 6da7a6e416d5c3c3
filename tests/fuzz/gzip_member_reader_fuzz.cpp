#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "archive/gzip_member_reader.hpp"
#include "core/error.hpp"

// A member is Corrupt, or its content stays within the room that was given. The length in the header is made true in a
// second try, so that what follows it is reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  std::vector<std::byte> member(size);
  for (std::size_t i = 0; i < size; ++i) member[i] = std::byte{data[i]};
  static archive::GzipMemberReader reader;
  std::vector<std::byte> out(4096);
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      if (reader.inflate(member, out) > out.size()) std::abort();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) std::abort();
    }
    std::vector<std::byte> content;
    const archive::MemberRemains remains = reader.inflate_damaged(member, out.size(), content);
    if (content.size() > out.size() || remains.inflated.value_or(0) > content.size()) std::abort();
    if (remains.likely_bytes(out.size()).value_or(0) > out.size()) std::abort();
    for (std::size_t i = 0; i < 8 && member.size() >= archive::kMemberHeaderBytes; ++i)
      member[16 + i] = static_cast<std::byte>(member.size() >> (8 * i));
  }
  return 0;
}
