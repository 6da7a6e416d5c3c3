#include "notify/server_api.hpp"

#include <fmt/format.h>

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "core/time_format.hpp"

namespace osbackup::notify {
namespace {

using transport::HttpResponse;

constexpr int kOk = 200;
constexpr int kNotFound = 404;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

bool is_refused_for_good(int status) { return status == 400 || status == 413 || status == 422; }

ErrorKind kind_of(int status) {
  if (status == 401) return ErrorKind::LoginRefused;
  return status == 403 ? ErrorKind::Denied : ErrorKind::Unavailable;
}

/// "GET /countapi: the server answered 401: user or password is wrong; check [API] user and password".
std::string in_words(const HttpResponse& response, std::string why, const std::string& call) {
  if (response.status == 401) why += why.empty() ? "check [API] user and password" : "; check [API] user and password";
  return fmt::format("{}: the server answered {}{}{}", call, response.status, why.empty() ? "" : ": ", printable(why));
}

/// Nothing when the answer is the one that says yes.
std::optional<Refusal> judge(const HttpResponse& response, std::string_view yes, const std::string& call) {
  if (response.status == kOk && trimmed(response.body) == yes) return std::nullopt;
  std::string why = response.header("x-osbackup-error");
  if (response.status == kOk && why.empty())
    why = fmt::format("expected {}, got: {}", yes, printable(response.body, 100));
  const std::string message = in_words(response, std::move(why), call);
  if (is_refused_for_good(response.status)) return message;
  throw Error(kind_of(response.status), message);
}

/// One entry, as far as the server takes it. Returns why it never will.
std::optional<Refusal> send_entry(Outbox& outbox, const OutboxEntry& entry, ServerApi& api,
                                  const SendOptions& options) {
  report::BackupReport report = entry.report;
  if (entry.to_be_counted) {
    if (auto refusal = with_retries(options.retry, options.on_trouble, [&] { return api.count(report); }))
      return refusal;
    outbox.mark_counted(entry.number);
  }
  return with_retries(options.retry, options.on_trouble, [&] {
    const TimePoint now = options.clock.now();
    report.insert_time = local_time(now);
    report.sent_at = rfc3339(now);
    return api.send(report);
  });
}

}  // namespace

std::optional<Refusal> ServerApi::count(const report::BackupReport& report) {
  std::string target = "/countapi?ip=" + percent_encode_strictly(report.ip);
  if (report.run_id) target += "&run=" + percent_encode_strictly(*report.run_id);
  return judge(http_.get(target), "1", "GET /countapi");
}

std::optional<Refusal> ServerApi::send(const report::BackupReport& report) {
  const transport::HttpClient::Body body{.content_type = "application/json",
                                         .text = json::serialize(report::to_json(report))};
  return judge(http_.post("/backupinfo", body), "0", "POST /backupinfo");
}

ServerWords ServerApi::words_of(const std::string& archive) {
  const std::string call = "GET /api/v1/backups";
  const HttpResponse response =
      http_.get("/api/v1/backups?backupfilename=" + percent_encode_strictly(archive), kServerWordsBytesMax);
  if (response.status == kNotFound)
    throw Error(ErrorKind::NotFound, call + ": the server answered 404: it is too old to be asked");
  if (response.status != kOk)
    throw Error(kind_of(response.status), in_words(response, response.header("x-osbackup-error"), call));
  try {
    return parse_server_words(response.body, archive);
  } catch (const Error& error) {
    throw error.within(call);
  }
}

ReportingResult send_all(Outbox& outbox, ServerApi& api, const SendOptions& options) {
  ReportingResult result;
  while (!outbox.entries().empty()) {
    const OutboxEntry entry = outbox.entries().front();
    std::optional<Refusal> refusal;
    try {
      refusal = send_entry(outbox, entry, api, options);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
      options.on_trouble(fmt::format("the report of {} waits: {}", entry.report.backup_time, error.what()));
      result.waiting = outbox.entries().size();
      return result;
    }
    if (!refusal) {
      outbox.remove(entry.number);
      ++result.accepted;
      continue;
    }
    options.on_trouble(
        fmt::format("the report of {} was refused for good and set aside: {}", entry.report.backup_time, *refusal));
    outbox.set_aside(entry.number, *refusal);
    ++result.refused;
  }
  return result;
}

}  // namespace osbackup::notify
