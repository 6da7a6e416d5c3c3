#include "client/archive_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <system_error>

#include "client/selection_rules.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/host.hpp"

namespace osbackup::client {
namespace {

/// What is wrong with a configured directory, if anything is.
std::optional<backup::Warning> problem_of(const std::string& directory) {
  struct stat status {};
  const int problem = stat(directory.c_str(), &status) == 0 ? 0 : errno;
  if (problem == 0 && S_ISDIR(status.st_mode)) return std::nullopt;
  if (problem == ENOENT)
    return backup::Warning{.kind = backup::WarningKind::Trouble,
                           .path = directory,
                           .reason = "there is no such directory on this host, left out"};
  return backup::Warning{.kind = backup::WarningKind::Missing,
                         .path = directory,
                         .reason = problem == 0 ? "is not a directory, left out: name the directory that holds it, or "
                                                  "take it out of [BackupDirs] directory"
                                                : "cannot be looked at: " + std::generic_category().message(problem)};
}

void add_directories(const config::ClientConfig& config, backup::WarningLog& warnings, backup::ArchivePlan& plan) {
  for (const std::string& directory : config.directories) {
    if (std::optional<backup::Warning> problem = problem_of(directory)) {
      warnings.add(*problem);
      plan.warnings.push_back(std::move(*problem));
    } else {
      plan.directories.push_back(directory);
    }
  }
  if (plan.directories.empty())
    throw Error(ErrorKind::NotFound, fmt::format("none of the directories in [BackupDirs] exists on this host: {}",
                                                 printable(fmt::format("{}", fmt::join(config.directories, ",")))));
}

}  // namespace

backup::ArchivePlan plan_archive(const config::ClientConfig& config, ArchiveIdentity identity,
                                 backup::WarningLog& warnings) {
  backup::ArchivePlan plan{.name = std::move(identity.name),
                           .run_id = std::move(identity.run_id),
                           .directories = {},
                           .warnings = {},
                           .rules = selection_rules(config, identity.run_directory),
                           .run_directory = identity.run_directory,
                           .threads = config.run.threads == 0 ? system::core_count() : config.run.threads};
  add_directories(config, warnings, plan);
  return plan;
}

}  // namespace osbackup::client
