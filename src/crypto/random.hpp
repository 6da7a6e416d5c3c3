#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace osbackup::crypto {

/// Fills `out` from the system's cryptographic generator. Thread-safe.
void fill_random(std::span<std::byte> out);

/// A random number below `bound`, every value equally likely. `bound` is at least 1. Thread-safe.
std::uint64_t random_below(std::uint64_t bound);

/// A random UUID (RFC 4122, version 4): `xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx`. Thread-safe.
std::string random_uuid();

}  // namespace osbackup::crypto
