#include "sql/sqlite_connection.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "core/error.hpp"
#include "sql/transaction.hpp"
#include "support/child_process.hpp"
#include "support/fails_with.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::sql {
namespace {

class SqliteConnectionTest : public testing::Test {
 protected:
  SqliteConnectionTest() {
    connection_.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size BIGINT)");
  }

  std::int64_t count() { return connection_.query("SELECT COUNT(*) FROM item", 1).at(0).integer(0); }
  static unsigned mode_of(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }

  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "new folder" / "a.db";
  SqliteConnection connection_{{.file = file_, .busy_timeout = std::chrono::milliseconds(0)}};
};

TEST_F(SqliteConnectionTest, MakesAPrivateFileInAPrivateDirectory) {
  EXPECT_EQ(mode_of(file_), 0600U);
  EXPECT_EQ(mode_of(file_.string() + "-wal"), 0600U);
  EXPECT_EQ(mode_of(file_.parent_path()), 0700U);
}

TEST_F(SqliteConnectionTest, ClosesAFileThatOthersMayRead) {
  chmod(file_.c_str(), 0644);
  const SqliteConnection again({.file = file_});
  EXPECT_EQ(mode_of(file_), 0600U);
}

TEST_F(SqliteConnectionTest, RefusesALinkInPlaceOfTheFile) {
  const std::filesystem::path link = folder_.path() / "link.db";
  std::filesystem::create_symlink(file_, link);
  EXPECT_THAT([&] { const SqliteConnection linked({.file = link}); },
              test::fails_with(ErrorKind::Denied, "link.db is not a regular file"));
  EXPECT_THAT([&] { const SqliteConnection folder({.file = folder_.path()}); },
              test::fails_with(ErrorKind::Denied, "is not a regular file"));
}

// A process that takes itself for the last one deletes the write-ahead log that the others go on writing.
TEST_F(SqliteConnectionTest, AnotherProcessThatComesAndGoesLeavesTheWriteAheadLogAlone) {
  connection_.execute("INSERT INTO item (name) VALUES ('x')");
  const SqliteConnection second({.file = file_});
  const std::string reader =
      "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(c.execute('SELECT name FROM item').fetchall());"
      "c.close()";
  const std::filesystem::path output = folder_.path() / "output";

  test::ChildProcess child({.arguments = {"/usr/bin/python3", "-c", reader, file_.string()}, .output = output});

  ASSERT_EQ(child.wait(), 0) << test::text_of(output);
  EXPECT_EQ(test::text_of(output), "[('x',)]\n");
  EXPECT_TRUE(std::filesystem::exists(file_.string() + "-wal"));
  EXPECT_TRUE(std::filesystem::exists(file_.string() + "-shm"));
}

TEST_F(SqliteConnectionTest, IsDurable) {
  EXPECT_EQ(connection_.query("PRAGMA journal_mode", 1).at(0).text(0), "wal");
  EXPECT_EQ(connection_.query("PRAGMA synchronous", 1).at(0).integer(0), 2);
}

TEST_F(SqliteConnectionTest, GivesBackEveryTypeOfValueAsItWasBound) {
  const std::string awkward = "it's \"?\" \\ \n \xF0\x9F\x92\xBE";
  connection_.execute("INSERT INTO item (name, size) VALUES (?, ?)", {awkward, std::int64_t{5'000'000'000}});
  connection_.execute("INSERT INTO item (name, size) VALUES (?, ?)", {std::nullopt, std::nullopt});

  const std::vector<Row> rows = connection_.query("SELECT name, size, '?' FROM item ORDER BY id", 3);

  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].text(0), awkward);
  EXPECT_EQ(rows[0].integer(1), 5'000'000'000);
  EXPECT_EQ(rows[0].text(2), "?");
  EXPECT_EQ(rows[1].optional_text(0), std::nullopt);
  EXPECT_EQ(rows[1].optional_integer(1), std::nullopt);
  EXPECT_THROW(rows[1].integer(1), Error);
  EXPECT_THROW(rows[0].integer(0), Error);
}

TEST_F(SqliteConnectionTest, RunsTheSameStatementAgainWithOtherValues) {
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_EQ(connection_.execute("INSERT INTO item (name) VALUES (?)", {name}), 1U);
  }
  EXPECT_EQ(connection_.execute("UPDATE item SET size = ? WHERE name <> ?", {7, "b"}), 2U);
  EXPECT_EQ(connection_.query("SELECT id FROM item WHERE size = ?", 1, {7}).size(), 2U);
  EXPECT_EQ(connection_.query("SELECT id FROM item WHERE size = ?", 1, {8}).size(), 0U);
}

TEST_F(SqliteConnectionTest, AnErrorNamesTheConstraintAndNoValue) {
  connection_.execute("INSERT INTO item (name) VALUES (?)", {"confidential"});
  try {
    connection_.execute("INSERT INTO item (name) VALUES (?)", {"confidential"});
    FAIL() << "the second row was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Exists);
    EXPECT_THAT(error.what(), testing::HasSubstr("UNIQUE constraint failed: item.name"));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("confidential")));
  }
  connection_.execute("INSERT INTO item (name) VALUES (?)", {"other"});
  EXPECT_EQ(count(), 2);
}

TEST_F(SqliteConnectionTest, AWrongStatementIsInternal) {
  try {
    connection_.execute("INSERT INTO nowhere VALUES (1)");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Internal);
  }
}

TEST_F(SqliteConnectionTest, ALockedDatabaseIsUnavailable) {
  SqliteConnection other({.file = file_});
  const Transaction holding_the_lock(other);
  try {
    Transaction transaction(connection_);
    FAIL() << "two writers at once";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Unavailable);
  }
}

TEST_F(SqliteConnectionTest, ATransactionThatWasNotCommittedLeavesNothing) {
  {
    Transaction transaction(connection_);
    transaction.execute("INSERT INTO item (name) VALUES ('x')");
  }
  EXPECT_EQ(count(), 0);
  {
    Transaction transaction(connection_);
    transaction.execute("INSERT INTO item (name) VALUES ('x')");
    transaction.commit();
  }
  EXPECT_EQ(count(), 1);
  EXPECT_FALSE(connection_.broken());
}

TEST_F(SqliteConnectionTest, ARollBackThatFailsBreaksTheConnection) {
  connection_.roll_back();
  EXPECT_TRUE(connection_.broken());
}

TEST_F(SqliteConnectionTest, SomethingElseThanADatabaseIsCorrupt) {
  const std::filesystem::path other = folder_.path() / "other.db";
  {
    SqliteConnection connection({.file = other});
    connection.execute("CREATE TABLE t (x INTEGER)");
  }
  FILE* file = fopen(other.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  fputs(std::string(8192, 'x').c_str(), file);
  fclose(file);
  try {
    SqliteConnection connection({.file = other});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    EXPECT_THAT(error.what(), testing::HasSubstr("other.db"));
  }
}

}  // namespace
}  // namespace osbackup::sql
