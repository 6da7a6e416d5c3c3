#include "database/schema.hpp"

#include <gmock/gmock.h>

#include "core/time_format.hpp"
#include "database/report_time.hpp"
#include "sql/sqlite_connection.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::database {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class SchemaTest : public testing::Test {
 protected:
  void migrate_to(std::size_t version) { sql::migrate(connection_, migrations().first(version)); }
  void migrate() { migrate_to(migrations().size()); }

  /// How SQLite goes about a query.
  std::vector<std::string> plan(const std::string& query, const sql::Values& values) {
    std::vector<std::string> steps;
    for (const sql::Row& row : connection_.query("EXPLAIN QUERY PLAN " + query, 4, values))
      steps.push_back(row.text(3));
    return steps;
  }

  test::TemporaryFolder folder_;
  sql::SqliteConnection connection_{{.file = folder_.path() / "a.db"}};
};

TEST_F(SchemaTest, ADatabaseOfEveryVersionIsBroughtUpToDate) {
  for (std::size_t version = 1; version <= migrations().size(); ++version) {
    migrate_to(version);
    EXPECT_EQ(sql::schema_version(connection_), static_cast<int>(version));
  }
}

TEST_F(SchemaTest, OldReportsAreToldWhenTheyEnded) {
  using Time = std::optional<std::string>;
  constexpr std::string_view kReceived = "2026-11-23T10:00:00Z";
  const std::vector<std::pair<Time, Time>> cases = {// sent_at, finished_at
                                                    {std::nullopt, std::nullopt},
                                                    {"2026-11-23T09:00:00Z", "2026-11-23T08:50:00Z"},
                                                    {"2026-11-23T11:00:00Z", "2026-11-23T10:50:00Z"},
                                                    {"2026-11-23T10:00:00Z", "2027-01-01T00:00:00Z"},
                                                    {"2026-11-23T09:59:58.7Z", "2026-11-23T10:31:00.5+01:00"},
                                                    {"2261-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
                                                    {std::nullopt, "nonsense"},
                                                    {"nonsense", "2026-11-02T09:50:00Z"}};
  migrate_to(2);
  for (std::size_t i = 0; i < cases.size(); ++i)
    connection_.execute(
        "INSERT INTO backup_info (id, ip, hostname, backup_state, is_ok, backupfilename, file_size, dirs, insert_time,"
        " backup_time, user, run_id, attempt, sent_at, finished_at, received_at)"
        " VALUES (?, '', '', 1, 1, '', '', '', '', '', '', ?, 0, ?, ?, ?)",
        {i, i, cases[i].first, cases[i].second, kReceived});

  migrate();

  for (std::size_t i = 0; i < cases.size(); ++i) {
    report::BackupReport report;
    report.sent_at = cases[i].first;
    report.finished_at = cases[i].second;
    const ReportTime expected = report_time(report, parse_rfc3339(kReceived).value());
    const sql::Row row = connection_.query("SELECT ended_at, skew_seconds FROM backup_info WHERE id = ?", 2, {i}).at(0);
    EXPECT_EQ(row.text(0), expected.ended_at) << i;
    EXPECT_EQ(row.optional_integer(1), expected.skew_seconds) << i;
  }
}

TEST_F(SchemaTest, AnArchiveIsFoundByItsIndex) {
  migrate();
  const auto steps =
      plan("SELECT ip FROM backup_info WHERE backupfilename = ? ORDER BY received_at DESC, id DESC", {"a.zip"});
  ASSERT_THAT(steps, SizeIs(1));  // A second step would be the sorting.
  EXPECT_THAT(steps[0], HasSubstr("USING INDEX backup_info_by_archive"));
}

TEST_F(SchemaTest, TheNewestReportOfAHostIsFoundByItsIndex) {
  migrate();
  const auto steps =
      plan("SELECT id FROM backup_info WHERE user = ? AND hostname = ? ORDER BY ended_at DESC, run_id DESC LIMIT 1",
           {"agent", "web1"});
  ASSERT_THAT(steps, SizeIs(1));
  EXPECT_THAT(steps[0], HasSubstr("INDEX backup_info_by_end"));
}

}  // namespace
}  // namespace osbackup::database
