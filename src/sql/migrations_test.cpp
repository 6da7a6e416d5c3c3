#include "sql/migrations.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "sql/sqlite_connection.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::sql {
namespace {

class MigrationsTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  SqliteConnection connection_{{.file = folder_.path() / "a.db"}};
  std::vector<Migration> migrations_ = {{1, {"CREATE TABLE one (x INTEGER)"}},
                                        {2, {"CREATE TABLE two (x INTEGER)", "INSERT INTO two VALUES (2)"}}};
};

TEST_F(MigrationsTest, BringANewDatabaseToTheLastVersion) {
  EXPECT_EQ(schema_version(connection_), 0);
  EXPECT_EQ(migrate(connection_, migrations_), 2);
  EXPECT_EQ(schema_version(connection_), 2);
  EXPECT_EQ(connection_.query("SELECT x FROM two", 1).size(), 1U);
}

TEST_F(MigrationsTest, RunEachStepOnce) {
  EXPECT_EQ(migrate(connection_, std::span(migrations_).first(1)), 1);
  EXPECT_EQ(migrate(connection_, migrations_), 1);
  EXPECT_EQ(migrate(connection_, migrations_), 0);
}

TEST_F(MigrationsTest, AStepThatFailsLeavesNothingBehind) {
  migrations_[1].statements.emplace_back("CREATE NONSENSE");
  try {
    migrate(connection_, migrations_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("schema version 2"), std::string::npos);
  }
  EXPECT_EQ(schema_version(connection_), 1);
  EXPECT_THROW(connection_.query("SELECT x FROM two", 1), Error);
}

TEST_F(MigrationsTest, RefuseADatabaseFromANewerProgram) {
  migrate(connection_, migrations_);
  try {
    migrate(connection_, std::span(migrations_).first(1));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_STREQ(error.what(),
                 "the database has schema version 2, this program knows 1: use the newer program that made it");
  }
}

}  // namespace
}  // namespace osbackup::sql
