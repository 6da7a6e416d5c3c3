#include "restore/snapshots.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/time_format.hpp"

namespace osbackup::restore {
namespace {

using archive::ArchiveName;

constexpr std::string_view kLatest = "latest";

constexpr const char* kHowToName =
    "; a zip that was made by hand has to be renamed at the destination as archives are: HOST+IP+TIME.zip, such as "
    "web-1+192.0.2.7+20260301T021500Z.zip";

/// How many archives or hosts a message names.
constexpr std::size_t kNamedMax = 10;

std::vector<Snapshot> list_by_prefix(storage::Destination& destination, const std::string& prefix) {
  std::vector<Snapshot> snapshots;
  for (storage::ObjectInfo& object : destination.list(prefix))
    if (std::optional<ArchiveName> name = ArchiveName::parse(object.name))
      snapshots.push_back({.name = *std::move(name), .object = std::move(object)});
  std::sort(snapshots.begin(), snapshots.end(), [](const Snapshot& left, const Snapshot& right) {
    return std::tie(left.name.started, left.object.name) < std::tie(right.name.started, right.object.name);
  });
  return snapshots;
}

/// `a, b, c and 2 more`.
std::string enumerated(std::vector<std::string> names) {
  const std::size_t more = names.size() - std::min(names.size(), kNamedMax);
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "), more == 0 ? "" : fmt::format(" and {} more", more));
}

/// The newest first.
std::vector<std::string> names_of(const std::vector<Snapshot>& snapshots) {
  std::vector<std::string> names;
  for (auto snapshot = snapshots.rbegin(); snapshot != snapshots.rend(); ++snapshot)
    names.push_back(snapshot->object.name);
  return names;
}

/// Says that there is nothing of a host, and what there is instead.
[[noreturn]] void throw_nothing_of(const std::string& hostname, storage::Destination& destination) {
  std::set<std::string> hosts;
  for (const Snapshot& snapshot : list_by_prefix(destination, "")) hosts.insert(printable(snapshot.name.hostname));
  if (hosts.empty())
    throw Error(ErrorKind::NotFound, "there is no archive: the destination is empty, or its directory is not there");
  throw Error(
      ErrorKind::NotFound,
      fmt::format("there is no archive of the host {}; there are archives of the hosts {}: name one with --host",
                  printable(hostname), enumerated({hosts.begin(), hosts.end()})));
}

Snapshot find_by_name(storage::Destination& destination, const ArchiveName& name) {
  const std::string text = name.text();
  for (Snapshot& snapshot : list_by_prefix(destination, text))
    if (snapshot.object.name == text) return std::move(snapshot);
  const std::vector<Snapshot> others = list_snapshots(destination, name.hostname);
  if (others.empty()) throw_nothing_of(name.hostname, destination);
  throw Error(ErrorKind::NotFound,
              fmt::format("there is no archive {}; of this host there are {}", text, enumerated(names_of(others))));
}

/// Whether text can begin what compact_utc gives: `20260301T021500Z`.
bool begins_timestamp(std::string_view text) {
  constexpr std::string_view kForm = "00000000T000000Z";
  if (text.empty() || text.size() > kForm.size()) return false;
  return std::equal(text.begin(), text.end(), kForm.begin(),
                    [](char c, char form) { return form == '0' ? c >= '0' && c <= '9' : c == form; });
}

}  // namespace

std::vector<Snapshot> list_snapshots(storage::Destination& destination, const std::optional<std::string>& hostname) {
  return list_by_prefix(destination, hostname ? percent_encode_strictly(*hostname) + "+" : "");
}

std::vector<Snapshot> require_snapshots(storage::Destination& destination, const std::optional<std::string>& hostname) {
  std::vector<Snapshot> snapshots = list_snapshots(destination, hostname);
  if (snapshots.empty()) throw_nothing_of(hostname.value_or(""), destination);
  return snapshots;
}

Snapshot find_snapshot(storage::Destination& destination, const std::string& text, const std::string& hostname) {
  if (const std::optional<ArchiveName> name = ArchiveName::parse(text)) return find_by_name(destination, *name);
  if (text != kLatest && !begins_timestamp(text))
    throw Error(ErrorKind::Usage, fmt::format("\"{}\" is no snapshot: write an archive's name, the begin of its time "
                                              "such as 20260301 or 20260301T0215, or latest{}",
                                              printable(text), text.ends_with(".zip") ? kHowToName : ""));
  std::vector<Snapshot> of_host = require_snapshots(destination, hostname);
  if (text == kLatest) return std::move(of_host.back());
  std::vector<Snapshot> found;
  std::copy_if(of_host.begin(), of_host.end(), std::back_inserter(found),
               [&](const Snapshot& snapshot) { return compact_utc(snapshot.name.started).starts_with(text); });
  if (found.empty())
    throw Error(ErrorKind::NotFound, fmt::format("there is no archive of {} from {}; there are {}", printable(hostname),
                                                 text, enumerated(names_of(of_host))));
  if (found.size() > 1)
    throw Error(ErrorKind::Usage, fmt::format("\"{}\" may be each of {}: write more of the time, or the whole name",
                                              text, enumerated(names_of(found))));
  return std::move(found.front());
}

}  // namespace osbackup::restore
