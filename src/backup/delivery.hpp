#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "archive/archive_name.hpp"
#include "backup/archive_source.hpp"
#include "backup/host_state.hpp"
#include "backup/progress.hpp"
#include "core/retry_policy.hpp"
#include "storage/destination.hpp"

namespace osbackup::backup {

/// What is sent, and how patiently.
struct DeliveryOrder {
  ArchiveSource& archive;  ///< May still grow.
  archive::ArchiveName name;
  std::string run_id;
  RetryPolicy retry;
  /// An earlier run may have published it and not lived to say so. Only for an archive that is complete.
  bool may_be_published = false;
  /// Gets one line for each interruption that is tried again, and for a server that forbids reading back.
  std::function<void(const std::string&)> on_trouble;
};

/// What was published.
struct Delivered {
  archive::ArchiveName name;  ///< A later second than ordered when the name was taken.
  std::string sha256;         ///< Of the archive, as sha256sum prints it.
  bool verified = false;      ///< What was stored was read back and compared.
};

/// Sends archives so that nothing incomplete is ever published: under a temporary name that this host remembers,
/// resumed after broken connections, its size compared, its end and eight random MiB read back and compared, then
/// renamed to a name that is free (docs/delivery.md). An archive may grow while it is sent: nothing is begun at the
/// destination before its first byte is there, and nothing published before its end is. One thread at a time.
class Delivery {
 public:
  Delivery(storage::Destination& destination, HostState& state, Progress& progress)
      : destination_(destination), state_(state), progress_(progress) {}

  /// Removes what earlier runs of this host left at the destination. What cannot be removed stays remembered, and
  /// `on_trouble` gets one line for it.
  void remove_leftovers(const std::function<void(const std::string&)>& on_trouble);

  /// Throws Unavailable when all attempts are used up, or at once when a connection breaks and the archive cannot be
  /// read again; Corrupt when what was stored is not what was sent; Cancelled, also when the archive will never be
  /// complete; and what the destination throws. Nothing is published then.
  Delivered send(const DeliveryOrder& order, const std::stop_token& stop);

 private:
  std::optional<Delivered> find_published(const DeliveryOrder& order, const std::stop_token& stop);
  std::unique_ptr<storage::Upload> begin(const DeliveryOrder& order, const std::string& temporary_name);
  void remember(const std::string& temporary_name, const DeliveryOrder& order);
  void forget(const std::string& temporary_name, const DeliveryOrder& order);
  archive::ArchiveName publish(const DeliveryOrder& order, storage::Upload& upload, std::uint64_t bytes);
  bool is_published(const DeliveryOrder& order, const storage::ObjectInfo& object);

  storage::Destination& destination_;
  HostState& state_;
  Progress& progress_;
};

}  // namespace osbackup::backup
