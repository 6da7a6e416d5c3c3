#include <cstdio>
#include <exception>

#include "client/backup_command.hpp"
#include "client/check_command.hpp"
#include "client/command_line.hpp"
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

}  // namespace
}  // namespace osbackup::client

int main(int argc, char** argv) {
  using namespace osbackup;
  system::occupy_standard_descriptors();
  try {
    const auto line = client::parse_command_line(argc, argv);
    return line ? std::visit(client::CommandRunner{line->common}, line->command) : 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "osbackup: %s\n", error.what());
    client::Outcome outcome;
    outcome.failure = error.kind();
    return client::exit_code(outcome);
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "osbackup: internal error: %s\n", bug.what());
    return 1;
  }
}
