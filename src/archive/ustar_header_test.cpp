#include "archive/ustar_header.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <string>

namespace osbackup::archive {
namespace {

template <std::size_t Bytes>
std::string text_of(const std::array<char, Bytes>& field) {
  return {field.data(), strnlen(field.data(), Bytes)};
}

/// A path of so many bytes, whose last component has `name_bytes`.
std::string path_of(std::size_t bytes, std::size_t name_bytes) {
  return std::string(bytes - name_bytes - 1, 'p') + '/' + std::string(name_bytes, 'n');
}

TEST(UstarNumber, IsOctalToTheLastDigitButOne) {
  std::array<char, 8> field{};

  EXPECT_TRUE(put_octal(field, 0644));
  EXPECT_EQ(text_of(field), "0000644");
  EXPECT_TRUE(put_octal(field, 2'097'151));
  EXPECT_EQ(text_of(field), "7777777");
}

TEST(UstarNumber, ThatIsTooLargeBecomesTheLargest) {
  std::array<char, 8> small{};
  std::array<char, 12> large{};

  EXPECT_FALSE(put_octal(small, 2'097'152));
  EXPECT_EQ(text_of(small), "7777777");
  EXPECT_TRUE(put_octal(large, 8'589'934'591));
  EXPECT_FALSE(put_octal(large, 8'589'934'592));
  EXPECT_EQ(text_of(large), "77777777777");
}

TEST(UstarText, MayFillItsFieldUnlessItMustEnd) {
  std::array<char, 4> field{};
  EXPECT_TRUE(put_text(field, "abcd"));
  EXPECT_EQ(text_of(field), "abcd");
  EXPECT_FALSE(put_text(field, "efghi"));
  EXPECT_EQ(text_of(field), "efgh");

  std::array<char, 4> terminated{};
  EXPECT_TRUE(put_terminated(terminated, "abc"));
  EXPECT_FALSE(put_terminated(terminated, "defg"));
  EXPECT_EQ(text_of(terminated), "def");
}

TEST(UstarPath, FillsTheNameFirst) {
  UstarHeader header{};

  EXPECT_TRUE(put_path(header, path_of(100, 20), false));

  EXPECT_EQ(text_of(header.name), path_of(100, 20));
  EXPECT_EQ(text_of(header.prefix), "");
}

TEST(UstarPath, IsSplitAtASlashWhenItIsLonger) {
  for (const auto& [bytes, name_bytes] : {std::pair(101U, 1U), std::pair(101U, 99U), std::pair(256U, 100U),
                                          std::pair(156U, 1U), std::pair(157U, 1U), std::pair(200U, 100U)}) {
    UstarHeader header{};

    ASSERT_TRUE(put_path(header, path_of(bytes, name_bytes), false)) << bytes << ' ' << name_bytes;

    EXPECT_EQ(text_of(header.prefix) + '/' + text_of(header.name), path_of(bytes, name_bytes));
  }
}

TEST(UstarPath, OfADirectoryHasRoomForItsSlash) {
  UstarHeader whole{};
  EXPECT_TRUE(put_path(whole, std::string(99, 'd'), true));
  EXPECT_EQ(text_of(whole.name), std::string(99, 'd') + '/');

  UstarHeader split{};
  EXPECT_TRUE(put_path(split, path_of(255, 99), true));
  EXPECT_EQ(text_of(split.name), std::string(99, 'n') + '/');
  EXPECT_EQ(text_of(split.prefix), std::string(155, 'p'));

  UstarHeader cut{};
  EXPECT_FALSE(put_path(cut, std::string(100, 'd'), true));
  EXPECT_FALSE(put_path(cut, path_of(256, 100), true));
}

TEST(UstarPath, ThatFitsNowhereIsCutButNeverBehindASlash) {
  for (const auto& [bytes, name_bytes] : {std::pair(257U, 100U), std::pair(257U, 101U), std::pair(300U, 110U)}) {
    UstarHeader header{};

    EXPECT_FALSE(put_path(header, path_of(bytes, name_bytes), false)) << bytes << ' ' << name_bytes;

    EXPECT_EQ(text_of(header.name), std::string(100, 'p'));
    EXPECT_EQ(text_of(header.prefix), "");
  }
  UstarHeader header{};
  EXPECT_FALSE(put_path(header, std::string(99, 'p') + '/' + std::string(120, 'n'), false));
  EXPECT_EQ(text_of(header.name), std::string(99, 'p'));
}

TEST(UstarHeader, IsSealedWithTheSumOfItsBytes) {
  UstarHeader header{};
  header.type = '0';
  put_text(header.name, "\xff");

  header.seal();

  EXPECT_EQ(std::string(header.magic.data(), header.magic.size()), std::string("ustar\0", 6));
  EXPECT_EQ(std::string(header.version.data(), header.version.size()), "00");
  // 0xff, the letters of "ustar", "00", the type, and eight spaces for the sum itself.
  constexpr unsigned kSum = 0xff + 'u' + 's' + 't' + 'a' + 'r' + '0' + '0' + '0' + 8 * ' ';
  std::array<char, 7> digits{};
  put_octal(digits, kSum);
  EXPECT_EQ(std::string(header.checksum.data(), header.checksum.size()), std::string(digits.data(), 7) + ' ');
}

}  // namespace
}  // namespace osbackup::archive
