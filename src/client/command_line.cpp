#include "client/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "client/nearest_word.hpp"
#include "client/reading_commands.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/version.hpp"

namespace osbackup::client {
namespace {

constexpr const char* kDescription =
    "osbackup backs up a Linux host: each directory one .tar.gz, all of them in one zip, sent to an FTP server and "
    "reported to a central server. It looks into these archives, and brings files back, from any host.";
constexpr const char* kFooter =
    "osbackup COMMAND --help explains a command. Some to begin with:\n"
    "  osbackup snapshots                                   what archives there are\n"
    "  osbackup find passwd                                 which of them have a file, and where\n"
    "  osbackup dump latest:/etc/passwd                     what was in it\n"
    "  osbackup restore latest /etc --target /tmp/restored  bring a directory back\n"
    "\n"
    "Exit codes: 0 all good; 1 failed; 2 usage or configuration; 3 not all could be done; 4 archive made, upload\n"
    "failed (kept for the next run); 5 uploaded, report waits; 6 damage was found; 10 no such snapshot; 11 another\n"
    "run holds the lock; 12 login refused; 13 no space; 128+N ended by signal N.\n"
    "\n"
    "The configuration is explained in docs/configuration.md, the commands in docs/cli.md.";

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
    names.insert(names.end(), command->get_aliases().begin(), command->get_aliases().end());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

/// What was not understood; empty when all was.
std::vector<std::string> unknown_words(const CLI::App& app) {
  std::vector<std::string> words = app.remaining(true);
  std::erase(words, "--");
  return words;
}

/// `"resotre" is no command. Did you mean restore?`
std::string about_unknown(const std::string& word, const CLI::App& app, const std::string& call) {
  const std::string shown = printable(word);
  const bool is_option = word.starts_with('-');
  const bool is_command = !is_option && app.get_parent() == nullptr;
  std::string text = is_option    ? fmt::format("{} has no option {}", call, shown)
                     : is_command ? fmt::format("\"{}\" is no command", shown)
                                  : fmt::format("{} has no place for \"{}\"", call, shown);
  std::optional<std::string> meant;
  if (is_option) meant = nearest_word(word.substr(0, word.find('=')), option_names(app));
  if (is_command) meant = nearest_word(word, command_names(app));
  return meant ? fmt::format("{}. Did you mean {}?", text, *meant) : text + ".";
}

/// What is wrong with a command line, and which help says what is right.
Error usage_error(const CLI::ParseError& error, const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  const bool is_about_program = commands.empty() || !app.remaining().empty();
  const CLI::App& place = is_about_program ? app : *commands.front();
  const std::string call = is_about_program ? "osbackup" : "osbackup " + place.get_name();
  const std::vector<std::string> unknown = unknown_words(app);
  // Something may be missing because it was misspelt.
  const int code = error.get_exit_code();
  const bool may_be_misspelt =
      code == static_cast<int>(CLI::ExitCodes::RequiredError) || code == static_cast<int>(CLI::ExitCodes::ExtrasError);
  const std::string text =
      may_be_misspelt && !unknown.empty() ? about_unknown(unknown.front(), place, call) : printable(error.what()) + ".";
  return {ErrorKind::Usage, fmt::format("{} Run {} --help for what it takes", text, call)};
}

}  // namespace

std::optional<CommandLine> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  bool quiet = false;
  bool verbose = false;
  // Stand before the command or after it, and in the help of both.
  const auto add_common_options = [&](CLI::App& app) {
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.add_option("--config", line.common.config, "Configuration file")->type_name("FILE")->capture_default_str();
    app.add_flag("--json", line.common.json, "Print one JSON object a line, each with message_type");
    app.set_version_flag("--version", fmt::format("osbackup {}", version()), "Print the version and exit");
    app.add_flag("-q,--quiet", quiet, "Print errors only");
    app.add_flag("-v,--verbose", verbose, "Print every step and every warning");
  };
  CLI::App app(kDescription, "osbackup");
  app.require_subcommand(1);
  add_common_options(app);
  add_common_options(*app.add_subcommand("backup", "Make, upload and report one backup (must be root)")->alias("run"));
  add_reading_commands(app, line.command, add_common_options);
  app.footer(kFooter);  // Last, since the commands would inherit it.
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw usage_error(error, app);
  }
  // One may stand before the command and the other behind it: to CLI11 these are two options.
  if (quiet && verbose) throw Error(ErrorKind::Usage, "-q and -v exclude each other: leave one out");
  line.common.verbosity = quiet ? Verbosity::Quiet : verbose ? Verbosity::Verbose : Verbosity::Normal;
  return line;
}

}  // namespace osbackup::client
