#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "archive/archive_name.hpp"
#include "backup/host_state.hpp"
#include "backup/progress.hpp"
#include "core/range_reader.hpp"
#include "core/retry_policy.hpp"
#include "storage/destination.hpp"

namespace osbackup::backup {

/// What is sent, and how patiently.
struct DeliveryOrder {
  const RangeReader& archive;
  archive::ArchiveName name;
  std::string run_id;
  RetryPolicy retry;
  bool may_be_published = false;  ///< An earlier run may have published it and not lived to say so.
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
/// renamed to a name that is free (docs/delivery.md). One thread at a time.
class Delivery {
 public:
  Delivery(storage::Destination& destination, HostState& state, Progress& progress)
      : destination_(destination), state_(state), progress_(progress) {}

  /// Removes what earlier runs of this host left at the destination. What cannot be removed stays remembered, and
  /// `on_trouble` gets one line for it.
  void remove_leftovers(const std::function<void(const std::string&)>& on_trouble);

  /// Throws Unavailable when all attempts are used up, Corrupt when what was stored is not what was sent, Cancelled,
  /// and what the destination throws. Nothing is published then.
  Delivered send(const DeliveryOrder& order, const std::stop_token& stop);

 private:
  std::optional<Delivered> find_published(const DeliveryOrder& order);
  void remember(const std::string& temporary_name, const DeliveryOrder& order);
  void forget(const std::string& temporary_name, const DeliveryOrder& order);
  archive::ArchiveName publish(const DeliveryOrder& order, storage::Upload& upload);
  bool is_published(const DeliveryOrder& order, const archive::ArchiveName& name);

  storage::Destination& destination_;
  HostState& state_;
  Progress& progress_;
};

}  // namespace osbackup::backup
