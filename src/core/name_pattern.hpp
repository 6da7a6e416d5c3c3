#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace osbackup {

/// A glob pattern for one name of a path: `*` stands for any bytes, `?` for one, `[a-z]` for one of a class, `[!a-z]`
/// or
/// `[^a-z]` for one outside it, `\x` for x itself. Bytes, not characters: no locale is involved. Immutable,
/// thread-safe.
class NamePattern {
 public:
  /// Usage when a class is not closed, or ends before it begins, or when nothing follows a backslash. The message says
  /// what was expected, not where.
  explicit NamePattern(std::string_view text);

  /// Takes at most the pattern's length times the name's, whatever the pattern.
  bool matches(std::string_view name) const noexcept;

 private:
  using Class = std::bitset<256>;
  enum class Kind : std::uint8_t { Byte, AnyByte, AnyBytes, Class };
  struct Token {
    Kind kind = Kind::Byte;
    char byte = 0;
    std::uint16_t index = 0;  ///< Of a class.
  };

  std::size_t read_class(std::string_view text, std::size_t begin);
  bool accepts(const Token& token, char byte) const noexcept;

  std::string literal_;  ///< The whole pattern, while it has neither wildcards nor classes.
  bool is_literal_ = true;
  std::vector<Token> tokens_;
  std::vector<Class> classes_;
};

}  // namespace osbackup
