#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/retry_policy.hpp"
#include "notify/outbox.hpp"
#include "notify/server_words.hpp"
#include "report/backup_report.hpp"
#include "transport/http_client.hpp"

namespace osbackup::notify {

/// Why the server will never take a report: the status and its words.
using Refusal = std::string;

/// The calls of docs/protocol.md. One thread at a time. They throw Unavailable when the server cannot be reached or
/// answers what no osbackupd answers, LoginRefused on 401, Denied on 403. Those that report return a refusal when the
/// server refuses the content for good.
class ServerApi {
 public:
  explicit ServerApi(transport::HttpClient& http) : http_(http) {}

  /// `GET /countapi`: adds 1 to the host's count, once for a run.
  std::optional<Refusal> count(const report::BackupReport& report);

  /// `POST /backupinfo`. Returns when the server has the report safe.
  std::optional<Refusal> send(const report::BackupReport& report);

  /// `GET /api/v1/backups`: what the server knows of an archive, so far as this user may read it. NotFound when the
  /// server is too old to be asked, Corrupt when its answer is not what docs/protocol.md says.
  ServerWords words_of(const std::string& archive);

 private:
  transport::HttpClient& http_;
};

/// What became of the reports that waited.
struct ReportingResult {
  std::size_t accepted = 0;
  std::size_t refused = 0;  ///< Set aside: the server will never take them.
  std::size_t waiting = 0;  ///< Still in the outbox.

  bool all_accepted() const noexcept { return refused == 0 && waiting == 0; }
};

/// How the outbox is emptied.
struct SendOptions {
  const Clock& clock;
  RetryPolicy retry;  ///< For a server that is away for a moment; what waits longer goes with the next run.
  /// Gets one line for each refusal, each failure that is tried again, and for what made it stop.
  std::function<void(const std::string&)> on_trouble;
};

/// Sends what the outbox holds, oldest first, and stops at the first that must wait. Throws only Cancelled, and when
/// the outbox itself cannot be written.
ReportingResult send_all(Outbox& outbox, ServerApi& api, const SendOptions& options);

}  // namespace osbackup::notify
