#include "server/backup_routes.hpp"

#include "report/field_reader.hpp"
#include "server/refusal.hpp"

namespace osbackup::server {
namespace {

using database::StoredReport;
using database::WantedReports;

/// Of one archive there is one report, or two; with every field as long as it may be, so many stay below the 1 MiB that
/// docs/protocol.md promises.
constexpr std::size_t kBackupsMax = 50;

/// An archive's name by the rules by which it was reported. Usage says what is wrong with it.
std::string archive_name(const http::Request& request) {
  json::Object fields;
  if (const auto name = request.query_value("backupfilename")) fields["backupfilename"] = *name;
  std::string name = report::FieldReader(fields).text("backupfilename", report::kFilenameBytesMax);
  if (name.empty()) report::throw_wrong("backupfilename", "the name of an archive");
  return name;
}

json::Object to_json(const StoredReport& stored) {
  json::Object backup = report::to_json(stored.report);
  backup["user"] = stored.user;
  backup["received_at"] = stored.received_at;
  return backup;
}

http::Response answer_of(const std::vector<StoredReport>& found) {
  json::Array backups;
  for (const StoredReport& stored : found)
    if (backups.size() < kBackupsMax) backups.emplace_back(to_json(stored));
  http::Response response;
  response.content_type = "application/json";
  response.body = json::serialize(json::Object{{"more", found.size() > kBackupsMax}, {"backups", std::move(backups)}});
  return response;
}

}  // namespace

void BackupRoutes::add_to(http::Router& router) const {
  router.add("GET", "/api/v1/backups", [this](http::Request request, http::Respond respond) {
    serve(std::make_shared<Exchange>(Exchange{std::move(request), std::move(respond)}));
  });
}

void BackupRoutes::serve(const SharedExchange& exchange) const {
  const std::string_view authorization = exchange->request.header("authorization").value_or("");
  parts_.authenticator.check(authorization, [this, exchange](const Authenticator::Verdict& verdict) {
    if (const Error* error = std::get_if<Error>(&verdict))
      return refuse(*exchange, status_of(error->kind()), error->what());
    look_up(exchange, std::get<Login>(verdict));
  });
}

void BackupRoutes::look_up(const SharedExchange& exchange, const Login& login) const {
  WantedReports wanted{.backupfilename = {}, .user = {}, .count_max = kBackupsMax + 1};
  if (login.role == database::Role::Agent) wanted.user = login.user;
  try {
    wanted.backupfilename = archive_name(exchange->request);
  } catch (const Error& error) {
    return refuse(*exchange, status_of(error.kind()), error.what());
  }
  parts_.log.info("asked {} user={} peer={}", exchange->request.path, login.user, exchange->request.peer_address);
  const bool accepted = parts_.queries.submit([this, exchange, wanted] { answer(*exchange, wanted); });
  if (!accepted) refuse(*exchange, kUnavailable, "too many queries at once");
}

void BackupRoutes::answer(const Exchange& exchange, const WantedReports& wanted) const {
  std::vector<StoredReport> found;
  try {
    found = parts_.reports.find(wanted);
  } catch (const Error& error) {
    parts_.log.error("{}: {}", exchange.request.path, error.what());
    // Not status_of: what the database denies the server is not the client's login.
    const bool passes = error.kind() == ErrorKind::Unavailable;
    return refuse(exchange, passes ? kUnavailable : kInternalError, "the server cannot read its database now");
  }
  exchange.respond(answer_of(found));
}

void BackupRoutes::refuse(const Exchange& exchange, unsigned status, const std::string& reason) const {
  exchange.respond(refusal(exchange.request, status, reason, parts_.log));
}

}  // namespace osbackup::server
