#include "server/backup_routes.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <spdlog/sinks/ostream_sink.h>

#include <future>
#include <sstream>

#include "core/encoding.hpp"
#include "core/time_format.hpp"
#include "crypto/password_hash.hpp"
#include "database/report_store.hpp"
#include "database/schema.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::server {
namespace {

using report::BackupReport;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kConnections = 2;
constexpr std::string_view kArchive = "web1+192.0.2.7+20261123T093000Z.zip";

BackupReport report_with_run(int number) {
  BackupReport report;
  report.ip = "192.0.2.7";
  report.hostname = "web1";
  report.backup_state = true;
  report.is_ok = true;
  report.backupfilename = kArchive;
  report.file_size = "100MB";
  report.dirs = "/etc";
  report.insert_time = "2026-11-23 10:00:00";
  report.backup_time = "2026-11-23 09:30:00";
  report.run_id = fmt::format("0a1b2c3d-0000-4000-8000-{:012}", number);
  report.manifest_sha256 = std::string(64, 'a');
  report.verified = true;
  return report;
}

/// A report that is as long as any that the server takes, and longer still as JSON.
BackupReport longest_report_with_run(int number) {
  BackupReport report = report_with_run(number);
  const std::string time = "2026-11-23T09:31:00." + std::string(37, '1') + "+01:00";
  report.hostname = std::string(255, '"');
  report.backupfilename = std::string(512, '\\');
  report.file_size = std::string(64, '"');
  report.dirs = std::string(4096, '"');
  report.started_at = report.finished_at = report.sent_at = time;
  report.file_bytes = report.source_bytes = report.files = report.changed_files = report.warnings = report.duration_ms =
      9'223'372'036'854'775'807U;
  report.kind = "incremental";
  report.sha256 = std::string(64, 'b');
  report.error = std::string(1000, '"');
  report.version = std::string(64, '"');
  return report;
}

class BackupRoutesTest : public testing::Test {
 public:
  ~BackupRoutesTest() override { authenticator_->stop(); }

 protected:
  BackupRoutesTest() {
    sql::migrate(*pool_.lease(), database::migrations());
    // Hashed once for them all, since that takes its time.
    static const std::string kHash = crypto::hash_password(Secret("secret"));
    for (const auto& [name, role] :
         {std::pair("agent", "agent"), {"other", "agent"}, {"eye", "viewer"}, {"chief", "admin"}})
      pool_.lease()->execute("INSERT INTO users (name, role, password_hash, created_at) VALUES (?, ?, ?, ?)",
                             {name, role, kHash, "2026-11-23T10:00:00Z"});
    directory_.emplace(users_, UserDirectory::Options{.interval = std::chrono::hours(1), .on_problem = {}});
    authenticator_.emplace(*directory_, Authenticator::Options{});
    serve({});
  }

  void serve(QueryThread::Options options) {
    queries_.emplace(log_, options);
    routes_.emplace(
        BackupRoutes::Parts{.authenticator = *authenticator_, .reports = reader_, .queries = *queries_, .log = log_});
    router_ = {};
    routes_->add_to(router_);
  }

  void write(const BackupReport& report, const std::string& user) {
    const database::ReceivedCall call{.kind = database::CallKind::Report,
                                      .receipt = report.run_id.value(),
                                      .user = user,
                                      .received_at = parse_rfc3339("2026-11-23T10:00:00Z").value(),
                                      .payload = json::serialize(report::to_json(report))};
    EXPECT_TRUE(database::ReportStore(pool_).apply({&call, 1}).empty());
  }

  http::Response ask(const std::string& user, const std::optional<std::string>& archive,
                     const std::string& password = "secret") {
    http::Request request{.method = "GET", .path = "/api/v1/backups"};
    request.headers.emplace_back("authorization", "Basic " + base64_encode(user + ":" + password));
    if (archive) request.query.emplace_back("backupfilename", *archive);
    std::promise<http::Response> promise;
    router_.route(request, [&promise](http::Response response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }
  http::Response ask(const std::string& user) { return ask(user, std::string(kArchive)); }

  /// Whose reports are in the answer, in its order.
  static std::vector<std::string> users_in(const http::Response& response) {
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.content_type, "application/json");
    std::vector<std::string> users;
    const json::Value answer = json::parse(response.body);
    for (const json::Value& backup : answer.as_object().at("backups").as_array())
      users.emplace_back(backup.as_object().at("user").as_string().c_str());
    return users;
  }
  static std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [known, value] : response.headers)
      if (known == name) return value;
    return "none";
  }

  test::TemporaryFolder folder_;
  sql::ConnectionPool pool_{{.connection = sql::SqliteOptions{.file = folder_.path() / "a.db"},
                             .connections_max = kConnections,
                             .lease_timeout = {}}};
  database::UserStore users_{pool_};
  database::ReportReader reader_{pool_};
  std::ostringstream text_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)};
  std::optional<UserDirectory> directory_;
  std::optional<Authenticator> authenticator_;
  std::optional<QueryThread> queries_;
  std::optional<BackupRoutes> routes_;
  http::Router router_;
};

TEST_F(BackupRoutesTest, AReportIsGivenAsItCameWithWhoSentItAndWhen) {
  write(report_with_run(1), "agent");
  json::Object expected = report::to_json(report_with_run(1));
  expected["user"] = "agent";
  expected["received_at"] = "2026-11-23T10:00:00Z";

  const json::Value answer = json::parse(ask("eye").body);

  EXPECT_EQ(answer, (json::Value{{"more", false}, {"backups", json::Array{expected}}}));
}

TEST_F(BackupRoutesTest, ViewersAndAdminsReadEverythingAndAgentsTheirOwn) {
  write(report_with_run(1), "agent");
  write(report_with_run(2), "other");
  EXPECT_THAT(users_in(ask("eye")), ElementsAre("other", "agent"));
  EXPECT_THAT(users_in(ask("chief")), ElementsAre("other", "agent"));
  EXPECT_THAT(users_in(ask("agent")), ElementsAre("agent"));
  EXPECT_THAT(users_in(ask("other")), ElementsAre("other"));
}

TEST_F(BackupRoutesTest, OfAnArchiveThatNobodyReportedTheListIsEmpty) {
  write(report_with_run(1), "agent");
  EXPECT_THAT(users_in(ask("eye", "b.zip")), ElementsAre());
}

TEST_F(BackupRoutesTest, ANameThatNoArchiveHasIsRefused) {
  const std::vector<std::pair<std::optional<std::string>, std::string>> cases = {
      {std::nullopt, "backupfilename is missing"},
      {"", "backupfilename must be the name of an archive"},
      {std::string(513, 'a'), "backupfilename must be at most 512 bytes"},
      {"a\nb", "backupfilename must be one line without control characters"},
      {"\xFF", "backupfilename must be UTF-8"}};
  for (const auto& [name, reason] : cases) {
    const http::Response refused = ask("eye", name);
    EXPECT_EQ(refused.status, 400U);
    EXPECT_EQ(refused.body, "");
    EXPECT_EQ(header(refused, "X-Osbackup-Error"), reason);
  }
}

TEST_F(BackupRoutesTest, AWrongLoginReadsNothing) {
  const http::Response refused = ask("eye", "a.zip", "wrong");
  EXPECT_EQ(refused.status, 401U);
  EXPECT_EQ(refused.body, "");
  EXPECT_THAT(header(refused, "WWW-Authenticate"), HasSubstr("Basic "));
}

TEST_F(BackupRoutesTest, OfTooManyReportsTheNewestAreGivenAndThatThereAreMore) {
  for (int number = 0; number < 50; ++number) write(report_with_run(number), number == 0 ? "other" : "agent");
  EXPECT_EQ(users_in(ask("eye")).size(), 50U);
  EXPECT_THAT(ask("eye").body, HasSubstr("\"more\":false"));
  write(report_with_run(50), "agent");
  EXPECT_EQ(users_in(ask("eye")), std::vector<std::string>(50, "agent"));
  EXPECT_THAT(ask("eye").body, HasSubstr("\"more\":true"));
}

TEST_F(BackupRoutesTest, TheLongestAnswerIsAsShortAsWasPromised) {
  for (int number = 0; number < 51; ++number) write(longest_report_with_run(number), std::string(64, 'x'));
  const std::string answer = ask("eye", longest_report_with_run(0).backupfilename).body;
  EXPECT_GT(answer.size(), std::size_t{500} << 10U);
  EXPECT_LT(answer.size(), std::size_t{1} << 20U);
}

TEST_F(BackupRoutesTest, TooManyQueriesAreToldToComeAgain) {
  serve({.waiting_max = 0});
  const http::Response refused = ask("eye");
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(header(refused, "X-Osbackup-Error"), "too many queries at once");
  EXPECT_EQ(header(refused, "Retry-After"), "60");
}

TEST_F(BackupRoutesTest, ADatabaseThatIsBusyIsToBeAskedAgain) {
  std::vector<sql::ConnectionPool::Lease> all;
  all.reserve(kConnections);
  while (all.size() < kConnections) all.push_back(pool_.lease());
  const http::Response refused = ask("eye");
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(header(refused, "X-Osbackup-Error"), "the server cannot read its database now");
  EXPECT_EQ(header(refused, "Retry-After"), "60");
}

TEST_F(BackupRoutesTest, ADatabaseThatFailsIsLoggedAndTheClientLearnsNothingOfIt) {
  pool_.lease()->execute("DROP TABLE backup_info");
  const http::Response failed = ask("eye");
  EXPECT_EQ(failed.status, 500U);
  EXPECT_EQ(header(failed, "X-Osbackup-Error"), "the server failed; its log says why");
  EXPECT_THAT(text_.str(), HasSubstr("no such table: backup_info"));
}

}  // namespace
}  // namespace osbackup::server
