#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace osbackup::test {

/// An entry of a POSIX ACL with the tags of linux/posix_acl.h.
struct AclEntry {
  std::uint32_t tag = 0;
  std::uint32_t permissions = 0;
  std::uint32_t id = 0xFFFFFFFF;
};

/// The value of `system.posix_acl_access` that the kernel gives for these entries.
std::string kernel_acl(const std::vector<AclEntry>& entries);

}  // namespace osbackup::test
