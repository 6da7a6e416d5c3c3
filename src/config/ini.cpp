#include "config/ini.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::config {
namespace {

constexpr std::size_t kLineBytesMax = std::size_t{64} * 1024;
constexpr std::size_t kLinesMax = 100'000;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool begins_comment(char c) { return c == ';' || c == '#'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

/// The text up to a comment: `;` or `#` after white space and outside double quotes.
std::string_view without_comment(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && begins_comment(text[i]) && (i == 0 || is_space(text[i - 1]))) return trim(text.substr(0, i));
  }
  return trim(text);
}

std::string_view without_quotes(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"' && std::count(text.begin(), text.end(), '"') == 2)
    return text.substr(1, text.size() - 2);
  return text;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool takes_line_literally(std::string_view key) { return key == "pass" || key == "password"; }

class Parser {
 public:
  Parser(std::string file, std::deque<IniSection>& sections) : file_(std::move(file)), sections_(sections) {}

  void take(std::string_view line) {
    ++line_;
    if (line_ > kLinesMax) fail(fmt::format("more than {} lines", kLinesMax));
    if (line.size() > kLineBytesMax) fail(fmt::format("the line is longer than {} bytes", kLineBytesMax));
    if (line.find('\0') != std::string_view::npos) fail("the line has a zero byte");
    const std::string_view trimmed = trim(line);
    if (trimmed.empty() || begins_comment(trimmed.front())) return;
    if (trimmed.front() == '[') {
      take_section(without_comment(trimmed));
    } else {
      take_value(trimmed);
    }
  }

 private:
  void take_section(std::string_view header) {
    if (header.back() != ']' || !is_name(trim(header.substr(1, header.size() - 2))))
      fail("expected a section such as [Ftp], alone on its line");
    const std::string name(trim(header.substr(1, header.size() - 2)));
    for (const IniSection& section : sections_)
      if (section.name == name) fail(fmt::format("[{}] stands in line {} already", name, section.line));
    sections_.push_back({.name = name, .file = file_, .line = line_, .values = {}});
  }

  void take_value(std::string_view line) {
    const std::size_t equals = line.find('=');
    const std::string_view key = trim(line.substr(0, equals));
    // The line is not quoted in the message: it may be part of a password.
    if (equals == std::string_view::npos || !is_name(key))
      fail("expected a line such as key = value, or a comment that begins with ; or #");
    if (sections_.empty()) fail(fmt::format("{} stands before the first section such as [Ftp]", key));
    const std::string_view rest = trim(line.substr(equals + 1));
    const bool literal = takes_line_literally(key);
    const std::string_view value = literal ? rest : without_comment(rest);
    // An open quote would take the comment after it for a part of the value.
    if (!literal && std::count(value.begin(), value.end(), '"') % 2 != 0)
      fail(fmt::format("{}: expected a second double quote to close the first", key));
    const std::string_view text = literal ? value : without_quotes(value);
    sections_.back().values.push_back(
        {.key = std::string(key), .text = std::string(text), .file = file_, .line = line_, .quoted = text != value});
  }

  [[noreturn]] void fail(const std::string& expected) const {
    throw Error(ErrorKind::Usage, fmt::format("{}:{}: {}", file_, line_, expected));
  }

  std::string file_;
  std::deque<IniSection>& sections_;
  std::size_t line_ = 0;
};

}  // namespace

std::string IniValue::where() const { return fmt::format("{}:{}", file, line); }

std::string IniSection::where() const { return fmt::format("{}:{}: [{}]", file, line, name); }

IniDocument::IniDocument(std::string_view text, std::string file) : file_(std::move(file)) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Parser parser(file_, sections_);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    parser.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

const IniSection* IniDocument::find(std::string_view name) const {
  for (const IniSection& section : sections_)
    if (section.name == name) return &section;
  return nullptr;
}

}  // namespace osbackup::config
