#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "client/backup_command.hpp"
#include "client/check_command.hpp"
#include "client/command_line.hpp"
#include "client/console.hpp"
#include "client/diff_command.hpp"
#include "client/dump_command.hpp"
#include "client/find_command.hpp"
#include "client/ls_command.hpp"
#include "client/outcome.hpp"
#include "client/restore_command.hpp"
#include "client/snapshots_command.hpp"
#include "core/error.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::client {
namespace {

/// Runs the command that was asked for; gives the exit code.
struct CommandRunner {
  const CommonOptions& common;

  int operator()(const BackupOptions&) const { return backup_command(common); }
  int operator()(const SnapshotsOptions& options) const { return snapshots_command(common, options); }
  int operator()(const LsOptions& options) const { return ls_command(common, options); }
  int operator()(const FindOptions& options) const { return find_command(common, options); }
  int operator()(const DiffOptions& options) const { return diff_command(common, options); }
  int operator()(const RestoreOptions& options) const { return restore_command(common, options); }
  int operator()(const DumpOptions& options) const { return dump_command(common, options); }
  int operator()(const CheckOptions& options) const { return check_command(common, options); }
};

/// The first word that is neither an option nor what belongs to one; empty when there is none.
std::string_view command_in(const std::vector<std::string_view>& words) {
  bool is_value = false;
  for (const std::string_view word : words) {
    if (!is_value && !word.starts_with('-')) return word;
    // The only option before the command that takes a value.
    is_value = !is_value && word == "--config";
  }
  return "";
}

/// How to talk to whoever wrote a command line that may be wrong.
ConsoleOptions options_by_words(std::vector<std::string_view> words) {
  words.erase(std::find(words.begin(), words.end(), "--"), words.end());
  const bool json = std::find(words.begin(), words.end(), "--json") != words.end();
  ConsoleOptions options = console_options(json, Verbosity::Normal);
  options.output_is_content = command_in(words) == "dump";
  return options;
}

/// Tells what ended the program before, or instead of, a run that tells for itself; gives the exit code.
int fail(const Error& error, const ConsoleOptions& options) {
  Outcome outcome;
  outcome.failure = error.kind();
  const int code = exit_code(outcome);
  Console console(options);
  console.error(error.what());
  if (options.json) console.summary({{"exit_code", code}}, "");
  return code;
}

}  // namespace
}  // namespace osbackup::client

int main(int argc, char** argv) {
  using namespace osbackup;
  system::occupy_standard_descriptors();
  const client::ConsoleOptions console = client::options_by_words({argv + std::min(argc, 1), argv + argc});
  try {
    const auto line = client::parse_command_line(argc, argv);
    return line ? std::visit(client::CommandRunner{line->common}, line->command) : 0;
  } catch (const Error& error) {
    return client::fail(error, console);
  } catch (const std::exception& bug) {
    return client::fail(Error(ErrorKind::Internal, std::string("internal error: ") + bug.what()), console);
  }
}
