#include "core/name_pattern.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace osbackup {
namespace {

[[noreturn]] void expected(const std::string& what) { throw Error(ErrorKind::Usage, "expected " + what); }

std::size_t index_of(char byte) { return static_cast<unsigned char>(byte); }

}  // namespace

NamePattern::NamePattern(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '*':
        // Several in a row say no more than one.
        if (tokens_.empty() || tokens_.back().kind != Kind::AnyBytes) tokens_.push_back({.kind = Kind::AnyBytes});
        break;
      case '?':
        tokens_.push_back({.kind = Kind::AnyByte});
        break;
      case '[':
        i = read_class(text, i + 1);
        break;
      case '\\':
        if (++i == text.size()) expected("a character after the backslash at the end");
        [[fallthrough]];
      default:
        tokens_.push_back({.kind = Kind::Byte, .byte = text[i]});
    }
  }
  for (const Token& token : tokens_) {
    is_literal_ = is_literal_ && token.kind == Kind::Byte;
    literal_ += token.byte;
  }
  if (!is_literal_) literal_.clear();
}

/// Reads from behind the `[` and gives the place of the `]`. A `]` that comes first, and a `-` that comes first or
/// last, stand for themselves.
std::size_t NamePattern::read_class(std::string_view text, std::size_t begin) {
  const auto at = [&](std::size_t place) {
    if (place >= text.size()) expected("a ] that closes the [ (or \\[ for the character itself)");
    return text[place];
  };
  // `byte_at` passes over a backslash: `place` is then the byte that it protects.
  const auto byte_at = [&](std::size_t& place) {
    if (at(place) == '\\') ++place;
    return at(place);
  };
  std::size_t i = begin;
  const bool negated = at(i) == '!' || at(i) == '^';
  if (negated) ++i;
  Class members;
  for (const std::size_t first = i; at(i) != ']' || i == first; ++i) {
    if (text[i] == '[' && i + 1 < text.size() && (text[i + 1] == ':' || text[i + 1] == '.' || text[i + 1] == '='))
      expected("single characters and ranges between [ and ] (\\[ for the character itself)");
    const char low = byte_at(i);
    char high = low;
    if (at(i + 1) == '-' && at(i + 2) != ']') {
      i += 2;
      high = byte_at(i);
    }
    if (index_of(low) > index_of(high)) expected("a range such as a-z that begins with the smaller character");
    for (std::size_t byte = index_of(low); byte <= index_of(high); ++byte) members.set(byte);
  }
  if (negated) members.flip();
  tokens_.push_back({.kind = Kind::Class, .byte = 0, .index = static_cast<std::uint16_t>(classes_.size())});
  classes_.push_back(members);
  return i;
}

bool NamePattern::accepts(const Token& token, char byte) const noexcept {
  switch (token.kind) {
    case Kind::Byte:
      return token.byte == byte;
    case Kind::Class:
      return classes_[token.index].test(index_of(byte));
    default:
      return true;
  }
}

bool NamePattern::matches(std::string_view name) const noexcept {
  if (is_literal_) return name == literal_;
  // Only the last `*` ever takes more: where an earlier one ended first is never worse than anywhere later.
  const Token* token = tokens_.data();
  const Token* const end = token + tokens_.size();
  const Token* after_star = nullptr;
  std::size_t star_end = 0;
  for (std::size_t i = 0; i < name.size();) {
    if (token != end && token->kind == Kind::AnyBytes) {
      after_star = ++token;
      star_end = i;
    } else if (token != end && accepts(*token, name[i])) {
      ++token;
      ++i;
    } else if (after_star == nullptr) {
      return false;
    } else {
      token = after_star;
      i = ++star_end;
    }
  }
  return std::all_of(token, end, [](const Token& rest) { return rest.kind == Kind::AnyBytes; });
}

}  // namespace osbackup
