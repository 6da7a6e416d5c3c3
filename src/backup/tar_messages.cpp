#include "backup/tar_messages.hpp"

#include <array>

namespace osbackup::backup {
namespace {

constexpr std::string_view kProgram = "tar: ";

/// How the part after a file's name begins, in GNU tar 1.26 to 1.35, and what it means.
struct Phrase {
  std::string_view text;
  WarningKind kind;
};
constexpr std::array kPhrases = {
    Phrase{": file changed as we read it", WarningKind::Changed},
    Phrase{": File removed before we read it", WarningKind::Missing},
    Phrase{": File shrank by ", WarningKind::Missing},
    Phrase{": Read error at byte ", WarningKind::Missing},
    Phrase{": Cannot ", WarningKind::Missing},
    Phrase{": Warning: Cannot ", WarningKind::Missing},
    Phrase{": Warning: Read error at byte ", WarningKind::Missing},
    Phrase{": Unknown file type; file ignored", WarningKind::Missing},
    Phrase{": socket ignored", WarningKind::Note},
    Phrase{": door ignored", WarningKind::Note},
    Phrase{": name is too long", WarningKind::Missing},
    Phrase{": link name is too long", WarningKind::Missing},
    Phrase{": llistxattrat: ", WarningKind::Missing},
    Phrase{": lgetxattrat: ", WarningKind::Missing},
};

bool begins_below(std::string_view name, const std::string& root) {
  if (root == ".") return !name.empty() && name != "-";
  return name == root || (name.starts_with(root) && name[root.size()] == '/');
}

int octal_digit(char c) { return c >= '0' && c <= '7' ? c - '0' : -1; }

}  // namespace

std::string unescape_tar_name(std::string_view text) {
  static constexpr std::string_view kLetters = "abfnrtv";
  static constexpr std::string_view kMeanings = "\a\b\f\n\r\t\v";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (const std::size_t letter = kLetters.find(next); letter != std::string_view::npos) {
      out += kMeanings[letter];
    } else if (i + 2 < text.size() && octal_digit(next) >= 0 && octal_digit(text[i + 1]) >= 0 &&
               octal_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(octal_digit(next) * 64 + octal_digit(text[i + 1]) * 8 + octal_digit(text[i + 2]));
      i += 2;
    } else {
      out += next;
    }
  }
  return out;
}

std::optional<Warning> warning_from_tar(std::string_view line, const std::vector<std::string>& roots) {
  if (!line.starts_with(kProgram)) return std::nullopt;
  line.remove_prefix(kProgram.size());
  // The last phrase in the line: a name may hold one as well.
  std::size_t place = std::string_view::npos;
  WarningKind kind = WarningKind::Note;
  for (const Phrase& phrase : kPhrases) {
    const std::size_t found = line.rfind(phrase.text);
    if (found == std::string_view::npos || (place != std::string_view::npos && found <= place)) continue;
    // ": Cannot " inside ": Warning: Cannot " begins later but belongs to the longer phrase.
    constexpr std::string_view kWarning = ": Warning";
    if (found >= kWarning.size() && line.substr(found - kWarning.size(), kWarning.size()) == kWarning) continue;
    place = found;
    kind = phrase.kind;
  }
  if (place == std::string_view::npos) return std::nullopt;
  const std::string name = unescape_tar_name(line.substr(0, place));
  for (const std::string& root : roots)
    if (begins_below(name, root))
      return Warning{
          .kind = kind, .path = name == "." ? "/" : "/" + name, .reason = std::string(line.substr(place + 2))};
  return std::nullopt;
}

bool is_tar_epilogue(std::string_view line) {
  return line == "tar: Exiting with failure status due to previous errors";
}

}  // namespace osbackup::backup
