#pragma once

#include "system/file_descriptor.hpp"

namespace osbackup::backup {

/// The file that marks a directory as a cache (the Cache Directory Tagging Specification, bford.info/cachedir).
inline constexpr const char* kCacheTagName = "CACHEDIR.TAG";

/// Whether a directory holds the file, a regular one that begins with the specification's signature.
bool has_cache_tag(const system::FileDescriptor& directory) noexcept;

}  // namespace osbackup::backup
