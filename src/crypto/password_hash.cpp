#include "crypto/password_hash.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <vector>

#include "core/encoding.hpp"
#include "crypto/openssl.hpp"
#include "crypto/random.hpp"

namespace osbackup::crypto {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::uint64_t kMemoryBytesMax = 256U << 20U;
/// What scrypt needs beside its N blocks: p and two more, each of 128 * r bytes, with r and p at their limits.
constexpr std::uint64_t kScratchBytesMax = 4U << 20U;

/// The cost of one hash: N = 2^log2_n blocks of 128 * r bytes, p times.
struct Cost {
  unsigned log2_n = 15;
  unsigned r = 8;
  unsigned p = 1;
};

struct ParsedHash {
  Cost cost;
  std::string salt;
  std::string hash;
};

std::string scrypt(const Secret& password, const std::string& salt, const Cost& cost, std::size_t length) {
  std::string out(length, '\0');
  const std::string& text = password.reveal();
  require(EVP_PBE_scrypt(text.data(), text.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                         std::uint64_t{1} << cost.log2_n, cost.r, cost.p, kMemoryBytesMax + kScratchBytesMax,
                         reinterpret_cast<unsigned char*>(out.data()), out.size()) == 1,
          "hash a password");
  return out;
}

/// Takes `name=NUMBER` and the separator after it off the front of `text`.
std::optional<unsigned> take_number(std::string_view& text, std::string_view name, char separator) {
  if (!text.starts_with(name)) return std::nullopt;
  text.remove_prefix(name.size());
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || end == text.data() + text.size() || *end != separator) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return value;
}

std::optional<ParsedHash> parse(std::string_view line) {
  constexpr std::string_view kPrefix = "$scrypt$";
  if (!line.starts_with(kPrefix)) return std::nullopt;
  line.remove_prefix(kPrefix.size());
  const auto log2_n = take_number(line, "ln=", ',');
  const auto r = log2_n ? take_number(line, "r=", ',') : std::nullopt;
  const auto p = r ? take_number(line, "p=", '$') : std::nullopt;
  if (!p || *log2_n < 1 || *log2_n > 30 || *r < 1 || *r > 1024 || *p < 1 || *p > 16) return std::nullopt;
  if ((std::uint64_t{128} * *r << *log2_n) > kMemoryBytesMax) return std::nullopt;
  // RFC 7914, 2: N must be less than 2^(128 * r / 8).
  if (*log2_n >= 16 * *r) return std::nullopt;
  const std::size_t divider = line.find('$');
  if (divider == std::string_view::npos) return std::nullopt;
  auto salt = base64_decode(line.substr(0, divider));
  auto hash = base64_decode(line.substr(divider + 1));
  if (!salt || !hash || salt->empty() || hash->size() < 16 || hash->size() > 64) return std::nullopt;
  return ParsedHash{{*log2_n, *r, *p}, std::move(*salt), std::move(*hash)};
}

}  // namespace

std::string hash_password(const Secret& password) {
  std::string salt(kSaltBytes, '\0');
  fill_random(std::as_writable_bytes(std::span(salt)));
  const Cost cost;
  return fmt::format("$scrypt$ln={},r={},p={}${}${}", cost.log2_n, cost.r, cost.p, base64_encode(salt),
                     base64_encode(scrypt(password, salt, cost, kHashBytes)));
}

bool verify_password(const Secret& password, std::string_view hash) {
  const std::optional<ParsedHash> parsed = parse(hash);
  if (!parsed) throw Error(ErrorKind::Corrupt, "a stored password hash is not readable");
  const std::string computed = scrypt(password, parsed->salt, parsed->cost, parsed->hash.size());
  return CRYPTO_memcmp(computed.data(), parsed->hash.data(), computed.size()) == 0;
}

}  // namespace osbackup::crypto
