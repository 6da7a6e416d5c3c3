#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "contract/tested_database.hpp"
#include "core/error.hpp"
#include "sql/migrations.hpp"
#include "support/fails_with.hpp"

/// What migrate() promises (sql/migrations.hpp), tried with each database.
namespace osbackup::sql {
namespace {

using test::fails_with;

/// A connection whose program dies with its n-th statement, before or after the database has run it.
class DyingConnection final : public Connection {
 public:
  enum class Death { Before, After };

  DyingConnection(std::unique_ptr<Connection> lives, int statements, Death death)
      : lives_(std::move(lives)), statements_left_(statements), death_(death) {}

  Dialect dialect() const noexcept override { return dialect_; }

 private:
  template <class Action>
  auto counted(Action action) {
    --statements_left_;
    if (statements_left_ == 0 && death_ == Death::Before) die();
    auto result = action();
    if (statements_left_ == 0) die();
    return result;
  }
  [[noreturn]] void die() {
    mark_broken();
    lives_.reset();
    throw Error(ErrorKind::Unavailable, "died");
  }

  std::uint64_t run(std::string_view statement, const Values& values) override {
    return counted([&] { return lives_->execute(statement, values); });
  }
  std::uint64_t run_many(std::string_view statement, std::span<const Values> rows) override {
    return counted([&] { return lives_->execute_many(statement, rows); });
  }
  std::vector<Row> fetch(std::string_view statement, std::size_t columns, const Values& values) override {
    return counted([&] { return lives_->query(statement, columns, values); });
  }
  std::string_view begin_statement() const noexcept override { return "BEGIN"; }
  bool ping() noexcept override { return true; }

  std::unique_ptr<Connection> lives_;
  const Dialect dialect_ = lives_->dialect();
  int statements_left_;
  const Death death_;
};

class MigrationsContract : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  std::unique_ptr<Connection> another() const { return open_connection(tested_.options); }
  std::int64_t rows_of(const std::string& table) const {
    return connection_->query("SELECT COUNT(*) FROM " + table, 1).at(0).integer(0);
  }
  void forget_everything() const {
    for (const char* table : {"one", "two", "schema_version", "schema_progress"})
      connection_->execute(std::string("DROP TABLE IF EXISTS ") + table);
  }

  TestedDatabase tested_ = GetParam().make();
  std::unique_ptr<Connection> connection_ = open_connection(tested_.options);
  std::vector<Migration> migrations_ = {
      {1, {"CREATE TABLE one (x INTEGER)"}},
      {2,
       {"CREATE TABLE two (x INTEGER)", "INSERT INTO two VALUES (2)", "ALTER TABLE two ADD COLUMN y INTEGER",
        "CREATE INDEX two_by_y ON two (y)", "INSERT INTO two VALUES (3, 4)"}}};
};

TEST_P(MigrationsContract, BringANewDatabaseToTheLastVersion) {
  EXPECT_EQ(schema_version(*connection_), 0);
  EXPECT_EQ(migrate(*connection_, migrations_), 2);
  EXPECT_EQ(schema_version(*connection_), 2);
  EXPECT_EQ(rows_of("two"), 2);
}

TEST_P(MigrationsContract, RunEachStepOnce) {
  EXPECT_EQ(migrate(*connection_, std::span(migrations_).first(1)), 1);
  EXPECT_EQ(migrate(*connection_, migrations_), 1);
  EXPECT_EQ(migrate(*connection_, migrations_), 0);
  EXPECT_EQ(rows_of("two"), 2);
}

TEST_P(MigrationsContract, RunTheTextOfTheDialect) {
  migrations_.push_back({3, {"INSERT INTO one VALUES (1)"}, {"INSERT INTO one VALUES (1), (2)"}});
  migrate(*connection_, migrations_);
  EXPECT_EQ(rows_of("one"), connection_->dialect() == Dialect::Sqlite ? 1 : 2);
}

TEST_P(MigrationsContract, AStepThatFailsIsNotDoneAndCanBeRepaired) {
  std::vector<Migration> wrong = migrations_;
  wrong[1].statements.back() = "INSERT INTO two VALUES (3, 4, 5)";
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT([&] { migrate(*connection_, wrong); }, fails_with(ErrorKind::Internal, "schema version 2"));
    EXPECT_EQ(schema_version(*connection_), 1);
  }

  EXPECT_EQ(migrate(*connection_, migrations_), 1);
  EXPECT_EQ(rows_of("two"), 2);
}

TEST_P(MigrationsContract, NeverTakeSomebodyElsesTableForTheirOwn) {
  connection_->execute("CREATE TABLE two (x VARCHAR(5))");
  for (int i = 0; i < 2; ++i) EXPECT_THAT([&] { migrate(*connection_, migrations_); }, ::testing::Throws<Error>());
  EXPECT_EQ(schema_version(*connection_), 1);
  EXPECT_EQ(rows_of("two"), 0);
}

TEST_P(MigrationsContract, RefuseADatabaseFromANewerProgram) {
  migrate(*connection_, migrations_);
  EXPECT_THAT(
      [&] { migrate(*connection_, std::span(migrations_).first(1)); },
      fails_with(ErrorKind::Usage,
                 "the database has schema version 2, this program knows 1: use the newer program that made it"));
}

// On SQLite nothing is begun that is not finished.
TEST_P(MigrationsContract, AnOlderProgramLeavesAloneWhatANewerOneHasBegun) {
  std::vector<Migration> wrong = migrations_;
  wrong[1].statements.back() = "INSERT INTO two VALUES (3, 4, 5)";
  EXPECT_THROW(migrate(*connection_, wrong), Error);

  const auto older = [&] { migrate(*connection_, std::span(migrations_).first(1)); };

  if (connection_->dialect() == Dialect::Sqlite)
    EXPECT_NO_THROW(older());
  else
    EXPECT_THAT(older, fails_with(ErrorKind::Usage, "schema version 2, this program knows 1"));
}

TEST_P(MigrationsContract, OfSeveralProgramsAtOnceEachStepIsRunByOne) {
  constexpr int kPrograms = 4;
  // The wait for each other is the lock's on MariaDB, and on SQLite that of a file.
  if (auto* sqlite = std::get_if<SqliteOptions>(&tested_.options)) sqlite->busy_timeout = std::chrono::seconds(30);
  if (auto* mariadb = std::get_if<MariaDbOptions>(&tested_.options)) mariadb->lock_timeout = std::chrono::seconds(30);
  std::atomic<int> applied = 0;
  std::vector<std::string> failures(kPrograms);
  {
    std::latch together(kPrograms);
    std::vector<std::jthread> programs;
    programs.reserve(kPrograms);
    for (int i = 0; i < kPrograms; ++i)
      programs.emplace_back([&, i] {
        try {
          const std::unique_ptr<Connection> connection = another();
          together.arrive_and_wait();
          applied += migrate(*connection, migrations_);
        } catch (const Error& error) {
          failures[static_cast<std::size_t>(i)] = error.what();
        }
      });
  }
  EXPECT_THAT(failures, ::testing::Each(""));
  EXPECT_EQ(applied, 2);
  EXPECT_EQ(rows_of("two"), 2);
}

TEST_P(MigrationsContract, GoOnWhereTheProgramDied) {
  for (const auto death : {DyingConnection::Death::Before, DyingConnection::Death::After}) {
    for (int n = 1;; ++n) {
      SCOPED_TRACE(std::to_string(n) + (death == DyingConnection::Death::Before ? " before" : " after"));
      forget_everything();
      bool died = true;
      try {
        DyingConnection dying(another(), n, death);
        migrate(dying, migrations_);
        died = false;
      } catch (const Error& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("died"));
      }

      migrate(*connection_, migrations_);

      EXPECT_EQ(schema_version(*connection_), 2);
      EXPECT_EQ(rows_of("two"), 2);
      EXPECT_EQ(rows_of("one"), 0);
      if (!died || HasFailure()) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EveryDatabase, MigrationsContract, ::testing::Values(sqlite(), mariadb()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace osbackup::sql
