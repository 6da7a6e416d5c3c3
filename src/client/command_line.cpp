#include "client/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "client/reading_commands.hpp"
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
    CLI::Option* quiet_flag = app.add_flag("-q,--quiet", quiet, "Print errors only");
    app.add_flag("-v,--verbose", verbose, "Print every step and every warning")->excludes(quiet_flag);
  };
  CLI::App app(kDescription, "osbackup");
  app.set_version_flag("--version", fmt::format("osbackup {}", version()), "Print the version and exit");
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
    throw Error(ErrorKind::Usage, fmt::format("{}. Run osbackup --help for what it takes", error.what()));
  }
  line.common.verbosity = quiet ? Verbosity::Quiet : verbose ? Verbosity::Verbose : Verbosity::Normal;
  return line;
}

}  // namespace osbackup::client
