#include "client/archive_session.hpp"

#include <fmt/format.h>

#include <optional>

#include "archive/archive_name.hpp"
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
      on_trouble_([&run](const std::string& text) {
        run.console().warning({.kind = "trouble", .path = "", .reason = text + "; trying again"});
      }) {
  destination_of(hostname_);
}

/// The one that has a host's archives.
storage::Destination& ArchiveSession::destination_of(const std::string& hostname) {
  std::unique_ptr<storage::Destination>& destination = destinations_[is_by_host(config_) ? hostname : hostname_];
  if (!destination) destination = open_destination(config_, hostname, run_.stop());
  return *destination;
}

storage::Traffic ArchiveSession::traffic() const {
  storage::Traffic all;
  for (const auto& [hostname, destination] : destinations_) {
    const storage::Traffic traffic = destination->traffic();
    all.bytes_read += traffic.bytes_read;
    all.reads += traffic.reads;
    all.logins += traffic.logins;
  }
  return all;
}

template <class Action>
auto ArchiveSession::patiently(const std::string& hostname, Action action) {
  try {
    return with_retries(transfer_retries(config_, run_.stop()), on_trouble_, action);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::NotFound) throw;
    throw error.within(describe_destination(config_, hostname));
  }
}

std::vector<StoredSnapshot> ArchiveSession::list() {
  const std::optional<std::string> hostname = host_.all ? std::nullopt : std::optional(hostname_);
  storage::Destination& destination = destination_of(hostname_);
  std::vector<StoredSnapshot> snapshots;
  for (restore::Snapshot& snapshot :
       patiently(hostname_, [&] { return restore::require_snapshots(destination, hostname); }))
    snapshots.push_back({std::move(snapshot), &destination});
  return snapshots;
}

StoredSnapshot ArchiveSession::find(const std::string& text) {
  // A name says whose archive it is.
  const std::optional<archive::ArchiveName> name = archive::ArchiveName::parse(text);
  if (!name || name->hostname == hostname_ || !is_by_host(config_)) return find_in_directory_of(hostname_, text);
  const auto is_elsewhere = [](const Error& error) {
    return error.kind() == ErrorKind::NotFound || error.kind() == ErrorKind::Denied;
  };
  try {
    return find_in_directory_of(name->hostname, text);
  } catch (const Error& missing) {
    if (!is_elsewhere(missing)) throw;
    // A host that got another name, and its directory with it, has its older archives there.
    try {
      return find_in_directory_of(hostname_, text);
    } catch (const Error& error) {
      if (!is_elsewhere(error)) throw;
    }
    throw Error(missing.kind(),
                fmt::format("{}; nor is it in {}", missing.what(), describe_destination(config_, hostname_)));
  }
}

StoredSnapshot ArchiveSession::find_in_directory_of(const std::string& host, const std::string& text) {
  storage::Destination& destination = destination_of(host);
  return {patiently(host, [&] { return restore::find_snapshot(destination, text, hostname_); }), &destination};
}

std::shared_ptr<const RangeReader> ArchiveSession::object(const StoredSnapshot& snapshot) {
  return std::make_shared<restore::StoredObject>(*snapshot.destination, snapshot.object,
                                                 transfer_retries(config_, run_.stop()), on_trouble_);
}

std::unique_ptr<archive::ArchiveReader> ArchiveSession::open(const StoredSnapshot& snapshot) {
  std::unique_ptr<archive::ArchiveReader> archive;
  try {
    archive = std::make_unique<archive::ArchiveReader>(object(snapshot));
  } catch (const Error& error) {
    throw error.within(snapshot.object.name);
  }
  tell_without_index(snapshot, *archive);
  return archive;
}

restore::Remains ArchiveSession::open_remains(const StoredSnapshot& snapshot) {
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
