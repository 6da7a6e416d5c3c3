#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace osbackup::system {

/// The inode flags of an open file or directory that chattr(1) can set, in its letters, sorted. Empty when there are
/// none, and on file systems that know none.
std::string inode_flags(int descriptor);

/// An inode flag that was not set, and errno's value.
struct UnsetFlag {
  char letter = 0;
  int problem = 0;
};

/// Sets flags of an open file or directory besides those that it has. Gives those that it could not set.
std::vector<UnsetFlag> set_inode_flags(int descriptor, std::string_view letters);

}  // namespace osbackup::system
