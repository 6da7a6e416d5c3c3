#include "crypto/digest.hpp"

#include <algorithm>
#include <vector>

#include "core/encoding.hpp"
#include "crypto/openssl.hpp"

namespace osbackup::crypto {
namespace {

/// Lower-case ones alone.
std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return std::nullopt;
}

}  // namespace

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>> context{EVP_MD_CTX_new()};

  void begin() { require(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1, "begin SHA-256"); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { state_->begin(); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1, "compute SHA-256");
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest{};
  require(EVP_DigestFinal_ex(state_->context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1,
          "finish SHA-256");
  state_->begin();
  return digest;
}

Sha256Digest sha256(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

Sha256Digest sha256(const RangeReader& content) {
  constexpr std::size_t kPieceBytes = 1U << 20U;
  std::vector<std::byte> buffer(kPieceBytes);
  Sha256 hash;
  for (std::uint64_t offset = 0; offset < content.size();) {
    const std::span<std::byte> piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), content.size() - offset));
    content.read(offset, piece);
    hash.update(piece);
    offset += piece.size();
  }
  return hash.finish();
}

std::string to_hex(const Sha256Digest& digest) { return hex(digest); }

std::optional<Sha256Digest> digest_from_hex(std::string_view text) {
  Sha256Digest digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const auto high = hex_digit(text[2 * i]);
    const auto low = hex_digit(text[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    digest[i] = static_cast<std::byte>(*high << 4U | *low);
  }
  return digest;
}

}  // namespace osbackup::crypto
