#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/range_reader.hpp"

namespace osbackup::crypto {

using Sha256Digest = std::array<std::byte, 32>;

/// SHA-256 (FIPS 180-4) of bytes that come in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);

  /// The digest of all that came; afterwards the object begins anew.
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// SHA-256 of bytes at hand.
Sha256Digest sha256(std::span<const std::byte> bytes);

/// SHA-256 of all that a reader has; reads it in pieces of 1 MiB.
Sha256Digest sha256(const RangeReader& content);

/// 64 lower-case hexadecimal digits, as sha256sum prints them.
std::string to_hex(const Sha256Digest& digest);

/// The digest that to_hex() writes so; nothing when the text is anything else.
std::optional<Sha256Digest> digest_from_hex(std::string_view text);

}  // namespace osbackup::crypto
