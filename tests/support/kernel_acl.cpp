#include "support/kernel_acl.hpp"

namespace osbackup::test {
namespace {

void append(std::string& out, std::uint32_t value, int bytes) {
  for (; bytes > 0; --bytes, value >>= 8U) out += static_cast<char>(value & 0xFFU);
}

}  // namespace

std::string kernel_acl(const std::vector<AclEntry>& entries) {
  std::string out;
  append(out, 2, 4);
  for (const AclEntry& entry : entries) {
    append(out, entry.tag, 2);
    append(out, entry.permissions, 2);
    append(out, entry.id, 4);
  }
  return out;
}

}  // namespace osbackup::test
