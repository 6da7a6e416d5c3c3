#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "archive/entry.hpp"

namespace osbackup::archive {

/// What the records of one entry's attributes may take. bsdtar gives up a whole tar at a pax header over 1 MiB; the
/// rest is for names.
inline constexpr std::size_t kAttributeRecordsBytesMax = (1U << 20U) - (64U << 10U);

/// Whether a pax header can carry an attribute so that GNU tar and bsdtar both restore what it was.
///
/// Not when its name has a NUL or a `=`, which ends a keyword, nor a `%3D` or `%25`, which GNU tar would decode; not
/// when it is an ACL that acl_text() cannot read, or an empty SELinux label.
bool can_be_stored(const Attribute& attribute);

/// Takes from an entry the attributes that its tar header would leave out, since they cannot be stored or go beyond
/// kAttributeRecordsBytesMax, so that the entry says what is stored. Gives their names, to be reported.
std::vector<std::string> remove_unstorable_attributes(Entry& entry);

/// Appends the pax records of the attributes, without those that remove_unstorable_attributes would take.
void append_attributes(std::vector<std::byte>& out, const std::vector<Attribute>& attributes);

}  // namespace osbackup::archive
