#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace osbackup::test {

/// The content of one gzip member, by zlib, which our own encoders have nothing to do with. Throws std::runtime_error
/// when it is anything else than one whole member.
std::string gunzip_member(std::span<const std::byte> member);

}  // namespace osbackup::test
