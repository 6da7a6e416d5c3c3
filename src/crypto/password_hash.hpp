#pragma once

#include <string>
#include <string_view>

#include "core/secret.hpp"

namespace osbackup::crypto {

/// A salted scrypt hash (RFC 7914) of the password as one printable line, `$scrypt$ln=15,r=8,p=1$SALT$HASH`, both parts
/// in base64. Takes about 50 ms and 32 MiB by design. Thread-safe.
std::string hash_password(const Secret& password);

/// Whether the password is the one that was hashed; the comparison takes the same time wherever they differ. Corrupt
/// when `hash` is not such a line, or asks for more than 256 MiB of memory. Thread-safe.
bool verify_password(const Secret& password, std::string_view hash);

}  // namespace osbackup::crypto
