#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "backup/delivery.hpp"
#include "backup/engine.hpp"
#include "backup/spool.hpp"
#include "core/error.hpp"

namespace osbackup::backup {

/// One archive that is made and sent at the same time.
struct ArchiveJob {
  Engine& engine;
  const ArchivePlan& plan;
  RunObserver observer;
  Spool& spool;

  /// Sends what the spool holds: Delivery::send with an order for it. Called on a thread of its own, so that what it
  /// uses is nobody else's until the job has ended.
  std::function<Delivered(ArchiveSource&)> send;

  /// Called on the caller's thread when the archive is complete, before it can be published.
  std::function<void(const MadeArchive&)> on_made;

  std::stop_token stop;           ///< Ends both.
  std::stop_source stop_sending;  ///< Ends `send`; requested when the archive will not be complete.
};

/// What became of it: it was published, or one of the failures says why not.
struct ArchiveEnd {
  std::optional<MadeArchive> made;
  std::optional<Delivered> delivered;
  std::optional<Error> making_failure;
  /// Also when it ended the making, because the archive had nowhere else to go (`spool = memory`).
  std::optional<Error> sending_failure;
};

/// Makes the archive on the caller's thread while another thread sends what there is of it. When the making fails, the
/// upload is abandoned. When the upload fails, the making goes on as long as the spool takes its bytes. Throws nothing
/// that either could throw; returns when both have ended.
ArchiveEnd make_and_send(const ArchiveJob& job);

}  // namespace osbackup::backup
