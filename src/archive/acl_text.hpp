#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osbackup::archive {

/// A POSIX ACL out of the kernel's attributes `system.posix_acl_access` and `system.posix_acl_default` as text with
/// numeric ids: `user::rw-,user:1000:r--,group::r--,mask::r--,other::r--`. The kernel's form is
/// `struct posix_acl_xattr_header` and `_entry`, version 2, little-endian (linux/posix_acl_xattr.h); the text is the
/// "short text form" of acl(5), which GNU tar and bsdtar restore.
///
/// Nothing when the bytes are no ACL that a kernel would accept: such a text could not be restored.
std::optional<std::string> acl_text(std::string_view kernel_form);

}  // namespace osbackup::archive
