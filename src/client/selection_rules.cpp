#include "client/selection_rules.hpp"

#include <sys/stat.h>

#include <set>

namespace osbackup::client {
namespace {

namespace fs = std::filesystem;

/// The directory's identity, for the scanner to pass over; nothing when it is not there.
void add_identity(const fs::path& directory, std::set<backup::ObjectIdentity>& never) {
  struct stat status {};
  if (stat(directory.c_str(), &status) == 0) never.emplace(status.st_dev, status.st_ino);
}

}  // namespace

backup::SelectionRules selection_rules(const config::ClientConfig& config, const fs::path& spill_directory) {
  const config::SelectionSettings& selection = config.selection;
  backup::SelectionRules rules{.mounts = system::MountTable::current(),
                               .never = {},
                               .exclude = PathPatterns(selection.exclude),
                               .one_file_system = selection.one_file_system,
                               .network_mounts = selection.network_mounts,
                               .exclude_caches = selection.exclude_caches,
                               .spill_directory = spill_directory};
  add_identity(config.run.workdir, rules.never);
  add_identity(config.run.statedir, rules.never);
  if (config.folder) add_identity(config.folder->folder, rules.never);
  return rules;
}

}  // namespace osbackup::client
