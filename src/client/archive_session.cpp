#include "client/archive_session.hpp"

#include <fmt/format.h>

#include <optional>

#include "client/open_destination.hpp"
#include "client/run_retries.hpp"
#include "restore/stored_object.hpp"
#include "system/host.hpp"

namespace osbackup::client {

ArchiveSession::ArchiveSession(const CommonOptions& options, HostChoice host, ReadingRun& run)
    : run_(run),
      config_(config::load_client_config(options.config)),
      host_(std::move(host)),
      own_hostname_(config_.run.hostname.value_or(system::hostname())),
      hostname_(host_.name.value_or(own_hostname_)),
      destination_(open_destination(config_, hostname_, run.stop())),
      on_trouble_([&run](const std::string& text) {
        run.console().warning({.kind = "trouble", .path = "", .reason = text + "; trying again"});
      }) {}

template <class Action>
auto ArchiveSession::patiently(Action action) {
  try {
    return with_retries(transfer_retries(config_, run_.stop()), on_trouble_, action);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    throw error.within(describe_destination(config_, hostname_));
  }
}

std::vector<restore::Snapshot> ArchiveSession::list() {
  const std::optional<std::string> hostname = host_.all ? std::nullopt : std::optional(hostname_);
  return patiently([&] { return restore::require_snapshots(*destination_, hostname); });
}

restore::Snapshot ArchiveSession::find(const std::string& text) {
  return patiently([&] { return restore::find_snapshot(*destination_, text, hostname_); });
}

std::shared_ptr<const RangeReader> ArchiveSession::object(const restore::Snapshot& snapshot) {
  return std::make_shared<restore::StoredObject>(*destination_, snapshot.object, transfer_retries(config_, run_.stop()),
                                                 on_trouble_);
}

std::unique_ptr<archive::ArchiveReader> ArchiveSession::open(const restore::Snapshot& snapshot) {
  std::unique_ptr<archive::ArchiveReader> archive;
  try {
    archive = std::make_unique<archive::ArchiveReader>(object(snapshot));
  } catch (const Error& error) {
    throw error.within(snapshot.object.name);
  }
  tell_without_index(snapshot, *archive);
  return archive;
}

restore::Remains ArchiveSession::open_remains(const restore::Snapshot& snapshot) {
  restore::Remains remains = restore::open_remains(object(snapshot));
  if (remains.archive) tell_without_index(snapshot, *remains.archive);
  return remains;
}

void ArchiveSession::tell_without_index(const restore::Snapshot& snapshot, const archive::ArchiveReader& archive) {
  if (archive.manifest()) return;
  run_.add_trouble({.kind = restore::Trouble::Kind::Note,
                    .path = "",
                    .reason = snapshot.object.name + " has no index: its tars are gone through in sequence"});
}

int run_on_archives(const ReadingOrder& order, const std::function<void(ArchiveSession&, ReadingRun&)>& work) {
  ReadingRun run(order.common, order.output);
  std::unique_ptr<ArchiveSession> archives;
  run.attempt([&] {
    archives = std::make_unique<ArchiveSession>(order.common, order.host, run);
    work(*archives, run);
  });
  return run.finish(archives ? archives->traffic() : storage::Traffic());
}

}  // namespace osbackup::client
