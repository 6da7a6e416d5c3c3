#pragma once

#include "backup/engine.hpp"

namespace osbackup::backup {

/// `engine = commands`: the host's own `tar` for each directory, several at once, then one `zip` (requirements C7, C8).
class CommandsEngine final : public Engine {
 public:
  /// NotFound when tar, gzip or zip is not installed.
  CommandsEngine();

  MadeArchive make(const ArchivePlan& plan, RunObserver observer, Spool& spool, std::stop_token stop) override;
};

}  // namespace osbackup::backup
