#include "crypto/digest.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace osbackup::crypto {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Vector {
  std::string text;
  std::string digest;
};

class Sha256Vectors : public testing::TestWithParam<Vector> {};

TEST_P(Sha256Vectors, HaveTheirPublishedDigest) {
  EXPECT_EQ(to_hex(sha256(bytes_of(GetParam().text))), GetParam().digest);
}

INSTANTIATE_TEST_SUITE_P(Fips180, Sha256Vectors,
                         testing::Values(Vector{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                                         Vector{"abc",
                                                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                                         Vector{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                                                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
                                         Vector{std::string(1'000'000, 'a'),
                                                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}));

TEST(Sha256, IsTheSameForAnyCutIntoPieces) {
  Sha256 hash;
  for (const char c : std::string("abc")) hash.update(bytes_of(std::string_view(&c, 1)));
  hash.update({});
  EXPECT_EQ(to_hex(hash.finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, BeginsAnewAfterItsEnd) {
  Sha256 hash;
  hash.update(bytes_of("something else"));
  hash.finish();
  hash.update(bytes_of("abc"));
  EXPECT_EQ(to_hex(hash.finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, GoesOnAfterItWasMoved) {
  Sha256 first;
  first.update(bytes_of("ab"));
  Sha256 second = std::move(first);
  second.update(bytes_of("c"));
  EXPECT_EQ(to_hex(second.finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, IsReadAsItIsWritten) {
  const Sha256Digest digest = sha256(bytes_of("abc"));
  EXPECT_EQ(digest_from_hex(to_hex(digest)), digest);

  const std::string text = to_hex(digest);
  for (const std::string& wrong :
       {std::string(), text.substr(1), text + "0", "A" + text.substr(1), "g" + text.substr(1)})
    EXPECT_FALSE(digest_from_hex(wrong)) << wrong;
}

}  // namespace
}  // namespace osbackup::crypto
