#include "archive/restore_text.hpp"

#include <fmt/format.h>

#include "core/encoding.hpp"
#include "core/time_format.hpp"
#include "core/version.hpp"

namespace osbackup::archive {

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

namespace {

/// An entry's name as an argument of unzip, which takes names for patterns, and a `-` in front for an option.
std::string unzip_argument(const std::string& entry) {
  std::string pattern = entry.starts_with('-') ? "\\" : "";
  for (const char c : entry) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return shell_quoted(pattern);
}

}  // namespace

std::string restore_text(const RestoreTextFacts& facts) {
  const std::string zip = shell_quoted(facts.name.text());
  std::string text = fmt::format(
      "Backup of {} ({}), begun {}, made by osbackup {} in run {}.\n"
      "\n"
      "This file is a plain zip. Each directory that was backed up is one .tar.gz in it:\n"
      "\n",
      printable(facts.name.hostname), facts.name.ip, rfc3339(facts.name.started), version(), facts.run_id);
  for (const std::string& directory : facts.directories)
    text += fmt::format("  {:<24} {}\n", entry_name(directory), printable(directory));
  text += fmt::format(
      "\n"
      "To restore by hand you need unzip and GNU tar, and to be root. Look in:\n"
      "\n"
      "  unzip -l {}\n",
      zip);
  for (const std::string& directory : facts.directories)
    text += fmt::format("  unzip -p {} {} | tar -tvzf -\n", zip, unzip_argument(entry_name(directory)));
  text += "\nBring everything back below /restore (use / instead to put it where it was):\n\n  mkdir -p /restore\n";
  for (const std::string& directory : facts.directories)
    text += fmt::format(
        "  unzip -p {} {} | \\\n    tar -xpzf - -C /restore --numeric-owner --xattrs --xattrs-include='*' --acls "
        "--selinux\n",
        zip, unzip_argument(entry_name(directory)));
  text +=
      "\n"
      "Names in the .tar.gz have no leading slash: etc/passwd is /etc/passwd. To bring back one file, put\n"
      "its name at the end of the tar command. A tar that does not know --acls or --selinux works without\n"
      "them.\n";
  if (facts.has_index)
    text += fmt::format(
        "\n"
        "The index has a line for each file, with its size, its time, its SHA-256 and its place in the\n"
        "archive:\n"
        "\n"
        "  unzip -p {} osbackup/index.jsonl.gz | gzip -dc\n"
        "\n"
        "Paths of more than 4,095 bytes, if there are any, can only be restored by osbackup.\n",
        zip);
  return text;
}

}  // namespace osbackup::archive
