#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace osbackup::archive {

/// The ids of users and groups by their names, as this host has them; nothing for a name that it does not have. An
/// empty function knows none.
struct IdsOfNames {
  using Lookup = std::function<std::optional<std::uint32_t>(const std::string& name)>;
  Lookup user;
  Lookup group;
};

/// The inverse of acl_text(): the value of `system.posix_acl_access` or `system.posix_acl_default` for the text that
/// tars hold. Besides our own it reads what GNU tar and bsdtar write: entries on lines, with names, behind which bsdtar
/// puts the id in a fourth field, with `#effective` comments, in any order. An entry's name counts before its id.
///
/// Nothing when the text is no ACL that a kernel would accept, or when it has a name without an id.
std::optional<std::string> acl_kernel_form(std::string_view text, const IdsOfNames& ids = {});

}  // namespace osbackup::archive
