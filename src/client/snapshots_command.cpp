#include "client/snapshots_command.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "client/archive_session.hpp"
#include "core/byte_count.hpp"
#include "core/encoding.hpp"
#include "core/time_format.hpp"

namespace osbackup::client {
namespace {

/// Of every archive so far.
constexpr const char* kKind = "full";

std::string to_json(const restore::Snapshot& snapshot) {
  json::Object object{{"message_type", "snapshot"},
                      {"name", snapshot.object.name},
                      {"hostname", printable(snapshot.name.hostname)},
                      {"ip", printable(snapshot.name.ip)},
                      {"time", rfc3339(snapshot.name.started)},
                      {"kind", kKind},
                      {"bytes", snapshot.object.bytes}};
  return json::serialize(object);
}

}  // namespace

int snapshots_command(const CommonOptions& common, const SnapshotsOptions& options) {
  return run_on_archives({.common = common, .host = options.host}, [&](ArchiveSession& archives, ReadingRun& run) {
    const std::vector<StoredSnapshot> snapshots = archives.list();
    std::size_t name_bytes = 0;
    for (const StoredSnapshot& snapshot : snapshots) name_bytes = std::max(name_bytes, snapshot.object.name.size());
    std::uint64_t bytes = 0;
    for (const StoredSnapshot& snapshot : snapshots) {
      bytes += snapshot.object.bytes;
      if (common.json)
        run.result(to_json(snapshot));
      else
        run.result(fmt::format("{:<{}}  {}  {}  {:>8}", snapshot.object.name, name_bytes,
                               local_time(snapshot.name.started), kKind, human_bytes(snapshot.object.bytes)));
    }
    run.summarise({{"snapshots", snapshots.size()}, {"bytes", bytes}}, "");
  });
}

}  // namespace osbackup::client
