#include "client/command_line.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "core/error.hpp"
#include "core/version.hpp"

namespace osbackup::client {
namespace {

constexpr const char* kDescription =
    "osbackup backs up a Linux host: each directory one .tar.gz, all of them in one zip, sent to an FTP server and "
    "reported to a central server.";
constexpr const char* kFooter =
    "Exit codes of backup: 0 all good; 1 failed; 2 usage or configuration; 3 published, but some files are missing;\n"
    "4 made, upload failed (kept for the next run); 5 uploaded, report waits; 6 read-back found damage; 11 another "
    "run\n"
    "holds the lock; 12 login refused; 13 no space; 128+N ended by signal N.\n"
    "\n"
    "The configuration is explained in docs/configuration.md.";

}  // namespace

std::optional<CommandLine> parse_command_line(int argc, char** argv) {
  CommandLine line;
  bool quiet = false;
  bool verbose = false;
  // Stand before the command or after it, and in the help of both.
  const auto add_common_options = [&](CLI::App& app) {
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.add_option("--config", line.config, "Configuration file")->type_name("FILE")->capture_default_str();
    app.add_flag("--json", line.json, "Print one JSON object a line, each with message_type");
    CLI::Option* quiet_flag = app.add_flag("-q,--quiet", quiet, "Print errors only");
    app.add_flag("-v,--verbose", verbose, "Print every step and every warning")->excludes(quiet_flag);
  };
  CLI::App app(kDescription, "osbackup");
  app.footer(kFooter);
  app.set_version_flag("--version", fmt::format("osbackup {}", version()), "Print the version and exit");
  app.require_subcommand(1);
  add_common_options(app);
  add_common_options(*app.add_subcommand("backup", "Make, upload and report one backup (must be root)")->alias("run"));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::Usage, fmt::format("{}. Run osbackup --help for what it takes", error.what()));
  }
  line.verbosity = quiet ? Verbosity::Quiet : verbose ? Verbosity::Verbose : Verbosity::Normal;
  return line;
}

}  // namespace osbackup::client
