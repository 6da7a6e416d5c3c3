#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "contract/tested_database.hpp"
#include "core/error.hpp"
#include "sql/connection.hpp"
#include "sql/transaction.hpp"
#include "support/fails_with.hpp"

/// What every Connection promises (sql/connection.hpp), tried with each database.
namespace osbackup::sql {
namespace {

using test::fails_with;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

/// What the dialects say differently.
struct Words {
  std::string key;          ///< The column of a row's number.
  std::string table_end;    ///< Behind a table's columns.
  std::string or_leave_it;  ///< Behind an INSERT that leaves alone a name that is there.
};

Words words_of(const Connection& connection) {
  if (connection.dialect() == Dialect::Sqlite) return {"INTEGER PRIMARY KEY", "", " ON CONFLICT (name) DO NOTHING"};
  return {"BIGINT PRIMARY KEY AUTO_INCREMENT", " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
          " ON DUPLICATE KEY UPDATE id = id"};
}

class ConnectionContract : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  ConnectionContract() {
    connection().execute("CREATE TABLE item (id " + words_.key +
                         ", name VARCHAR(255) NOT NULL UNIQUE, size BIGINT, note LONGTEXT)" + words_.table_end);
  }

  Connection& connection() const { return *connection_; }
  std::unique_ptr<Connection> another() const { return open_connection(tested_.options); }

  std::int64_t count() const { return connection().query("SELECT COUNT(*) FROM item", 1).at(0).integer(0); }
  void add(const std::string& name) const { connection().execute("INSERT INTO item (name) VALUES (?)", {name}); }

  static std::vector<Values> numbered_rows(std::size_t rows) {
    std::vector<Values> made;
    for (std::size_t i = 0; i < rows; ++i) made.push_back({"name " + std::to_string(i), i});
    return made;
  }

  TestedDatabase tested_ = GetParam().make();
  std::unique_ptr<Connection> connection_ = open_connection(tested_.options);
  Words words_ = words_of(*connection_);
};

std::vector<std::string> awkward_texts() {
  using namespace std::string_literals;
  return {"",
          " ",
          "ends in a space ",
          "it's \"quoted\" `thrice`",
          "'); DROP TABLE item; --",
          "back\\slash \\n \\0 \\",
          "? :v1 %s %_ {}",
          "line\r\nline\ttab\x1a",
          "nul\0in the middle\0"s,
          "gr\xC3\xBCn \xE5\x82\x99\xE4\xBB\xBD",
          "four bytes \xF0\x9F\x92\xBE",
          std::string(1U << 20U, 'x')};
}

TEST_P(ConnectionContract, TextComesBackAsItWasBound) {
  for (const std::string& text : awkward_texts()) {
    SCOPED_TRACE(text.substr(0, 40));
    connection().execute("DELETE FROM item");
    connection().execute("INSERT INTO item (name, note) VALUES ('a', ?)", {text});

    EXPECT_EQ(connection().query("SELECT note FROM item WHERE name = ?", 1, {"a"}).at(0).text(0), text);
    EXPECT_EQ(connection().query("SELECT note FROM item", 1).at(0).text(0), text);
    EXPECT_THAT(connection().query("SELECT id FROM item WHERE note = ?", 1, {text}), SizeIs(1));
  }
}

TEST_P(ConnectionContract, TextOfManyRowsComesBackAsItWasBound) {
  const std::vector<std::string> texts = awkward_texts();
  std::vector<Values> rows;
  for (std::size_t i = 0; i < texts.size(); ++i) rows.push_back({i, texts[i]});
  Transaction transaction(connection());
  EXPECT_EQ(transaction.execute_many("INSERT INTO item (name, note) VALUES (?, ?)", rows), texts.size());
  transaction.commit();

  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(connection().query("SELECT note FROM item WHERE name = ?", 1, {std::to_string(i)}).at(0).text(0),
              texts[i])
        << i;
}

TEST_P(ConnectionContract, NumbersHave64Bits) {
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{5'000'000'000}, std::numeric_limits<std::int64_t>::min(),
        std::numeric_limits<std::int64_t>::max()}) {
    connection().execute("DELETE FROM item");
    connection().execute("INSERT INTO item (name, size) VALUES ('a', ?)", {number});
    EXPECT_EQ(connection().query("SELECT size FROM item WHERE size = ?", 1, {number}).at(0).integer(0), number);
    EXPECT_EQ(connection().query("SELECT size FROM item", 1).at(0).integer(0), number);
  }
}

TEST_P(ConnectionContract, NullIsNotAnEmptyText) {
  connection().execute("INSERT INTO item (name, size, note) VALUES (?, ?, ?)", {"null", std::nullopt, std::nullopt});
  connection().execute("INSERT INTO item (name, size, note) VALUES (?, ?, ?)", {"empty", 0, ""});

  for (const Values& name : {Values{"null"}, Values{"empty"}}) {
    const Row row = connection().query("SELECT size, note FROM item WHERE name = ?", 2, name).at(0);
    const bool is_null = *name.front().text() == "null";
    EXPECT_EQ(row.optional_integer(0), is_null ? std::nullopt : std::optional<std::int64_t>(0));
    EXPECT_EQ(row.optional_text(1), is_null ? std::nullopt : std::optional<std::string>(""));
  }
}

// One of the rows decides nothing about the type of the others.
TEST_P(ConnectionContract, AColumnOfManyRowsMayMixNullNumberAndText) {
  const std::vector<Values> rows = {
      {"1", std::nullopt, std::nullopt}, {"2", 22, std::nullopt}, {3, std::nullopt, "z"}, {"4", 44, 5'000'000'000}};
  Transaction transaction(connection());
  EXPECT_EQ(transaction.execute_many("INSERT INTO item (name, size, note) VALUES (?, ?, ?)", rows), 4U);
  transaction.commit();

  const std::vector<Row> found = connection().query("SELECT name, size, note FROM item ORDER BY name", 3);
  ASSERT_THAT(found, SizeIs(4));
  EXPECT_EQ(found[0].optional_integer(1), std::nullopt);
  EXPECT_EQ(found[0].optional_text(2), std::nullopt);
  EXPECT_EQ(found[1].integer(1), 22);
  EXPECT_EQ(found[2].text(0), "3");
  EXPECT_EQ(found[2].text(2), "z");
  EXPECT_EQ(found[3].integer(2), 5'000'000'000);
}

TEST_P(ConnectionContract, ALiteralMeansTheSame) {
  const Row row = connection().query(R"(SELECT 'a\nb' || '?' || 'it''s', '' )", 2).at(0);

  EXPECT_EQ(row.text(0), "a\\nb?it's");
  EXPECT_EQ(connection().query("SELECT '?', ?", 2, {"x"}).at(0).text(0), "?");
  add("a");
  EXPECT_EQ(connection().query(R"(SELECT "name" FROM item)", 1).at(0).text(0), "a");
}

TEST_P(ConnectionContract, CountsTheRowsThatItChanges) {
  for (const char* name : {"a", "b", "c"})
    EXPECT_EQ(connection().execute("INSERT INTO item (name, size) VALUES (?, ?)", {name, 1}), 1U);

  EXPECT_EQ(connection().execute("UPDATE item SET size = ? WHERE name <> ?", {7, "b"}), 2U);
  EXPECT_EQ(connection().execute("UPDATE item SET size = 8 WHERE size = 7"), 2U);
  EXPECT_EQ(connection().execute("DELETE FROM item WHERE name = ?", {"nobody"}), 0U);
  EXPECT_EQ(connection().execute("SELECT name FROM item"), 0U);
  EXPECT_EQ(connection().execute("SELECT name FROM item WHERE size > ?", {0}), 0U);
  EXPECT_EQ(connection().execute("DELETE FROM item"), 3U);
  EXPECT_EQ(connection().execute("CREATE TABLE other (x INTEGER)"), 0U);
}

TEST_P(ConnectionContract, ManyRowsAreCountedWithoutThoseThatAreThere) {
  const std::string insert = "INSERT INTO item (name, size) VALUES (?, ?)" + words_.or_leave_it;
  std::vector<Values> rows = numbered_rows(500);
  for (const Values& again : numbered_rows(50)) rows.push_back(again);
  Transaction transaction(connection());

  EXPECT_EQ(transaction.execute_many(insert, rows), 500U);
  EXPECT_EQ(transaction.execute_many(insert, rows), 0U);
  EXPECT_EQ(transaction.execute_many(insert, {}), 0U);

  transaction.commit();
  EXPECT_EQ(count(), 500);
}

TEST_P(ConnectionContract, AsManyRowsAsOneLikesAreWritten) {
  Transaction transaction(connection());
  EXPECT_EQ(transaction.execute_many("INSERT INTO item (name, size) VALUES (?, ?)", numbered_rows(25'000)), 25'000U);
  EXPECT_EQ(transaction.execute_many("UPDATE item SET note = ? WHERE name = ?",
                                     std::vector<Values>(20, {std::string(1U << 20U, 'y'), "name 7"})),
            connection().dialect() == Dialect::Sqlite ? 20U : 1U);
  transaction.commit();

  EXPECT_EQ(count(), 25'000);
  EXPECT_EQ(connection().query("SELECT LENGTH(note) FROM item WHERE name = 'name 7'", 1).at(0).integer(0), 1 << 20);
}

TEST_P(ConnectionContract, OneRowOfManyThatIsRefusedLeavesNothingAfterTheRollBack) {
  std::vector<Values> rows = numbered_rows(100);
  rows.push_back(rows.front());
  {
    Transaction transaction(connection());
    EXPECT_THAT([&] { transaction.execute_many("INSERT INTO item (name, size) VALUES (?, ?)", rows); },
                fails_with(ErrorKind::Exists, ""));
  }
  EXPECT_EQ(count(), 0);
}

TEST_P(ConnectionContract, AnErrorNamesTheConstraintAndNoValue) {
  add("confidential for key 'x");
  try {
    add("confidential for key 'x");
    FAIL() << "the second row was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Exists);
    EXPECT_THAT(error.what(), HasSubstr("name"));
    EXPECT_THAT(error.what(), Not(HasSubstr("confidential")));
  }
  EXPECT_THAT([&] { connection().execute("INSERT INTO item (name) VALUES (?)", {std::nullopt}); },
              fails_with(ErrorKind::Exists, "name"));
}

TEST_P(ConnectionContract, ARefusedRowLeavesItsTransactionOpen) {
  add("a");
  Transaction transaction(connection());
  transaction.execute("INSERT INTO item (name) VALUES ('b')");
  EXPECT_THAT([&] { transaction.execute("INSERT INTO item (name) VALUES (?)", {"a"}); },
              fails_with(ErrorKind::Exists, ""));
  transaction.execute("INSERT INTO item (name) VALUES (?)", {"c"});
  transaction.commit();

  EXPECT_EQ(count(), 3);
}

TEST_P(ConnectionContract, AWrongStatementIsInternal) {
  EXPECT_THAT([&] { connection().execute("INSERT INTO nowhere VALUES (1)"); },
              fails_with(ErrorKind::Internal, "nowhere"));
  EXPECT_THAT([&] { connection().execute("INSERT INTO nowhere VALUES (?)", {1}); },
              fails_with(ErrorKind::Internal, "nowhere"));
  EXPECT_THAT([&] { connection().query("SELECT nothing FROM item WHERE id = ?", 1, {1}); },
              fails_with(ErrorKind::Internal, "nothing"));
  add("a");
  EXPECT_EQ(count(), 1);
}

TEST_P(ConnectionContract, ATransactionIsSeenByOthersOnceItIsCommitted) {
  const std::unique_ptr<Connection> other = another();
  const auto seen = [&] { return other->query("SELECT COUNT(*) FROM item", 1).at(0).integer(0); };
  Transaction transaction(connection());
  transaction.execute("INSERT INTO item (name) VALUES (?)", {"a"});
  EXPECT_EQ(seen(), 0);

  transaction.commit();

  EXPECT_EQ(seen(), 1);
}

TEST_P(ConnectionContract, ATransactionThatWasNotCommittedLeavesNothing) {
  {
    Transaction transaction(connection());
    transaction.execute("INSERT INTO item (name) VALUES (?)", {"a"});
    transaction.execute("INSERT INTO item (name) VALUES ('b')");
  }
  EXPECT_EQ(count(), 0);
  EXPECT_FALSE(connection().broken());
}

TEST_P(ConnectionContract, AConnectionThatIsClosedLeavesNothingOfItsTransaction) {
  std::unique_ptr<Connection> other = another();
  other->begin();
  other->execute("INSERT INTO item (name) VALUES (?)", {"a"});
  other.reset();

  add("a");

  EXPECT_EQ(count(), 1);
}

TEST_P(ConnectionContract, WhoWaitsInVainForALockTriesAgainLater) {
  add("a");
  const std::unique_ptr<Connection> other = another();
  const auto change = [](Transaction& transaction) {
    transaction.execute("UPDATE item SET size = COALESCE(size, 0) + ? WHERE name = ?", {1, "a"});
  };
  Transaction first(connection());
  change(first);

  EXPECT_THAT(
      [&] {
        Transaction second(*other);
        change(second);
      },
      fails_with(ErrorKind::Unavailable, ""));

  first.commit();
  Transaction second(*other);
  change(second);
  second.commit();
  EXPECT_EQ(connection().query("SELECT size FROM item", 1).at(0).integer(0), 2);
  EXPECT_FALSE(other->broken());
}

TEST_P(ConnectionContract, AStatementIsPreparedAnewWhenItsTableChanged) {
  add("a");
  const auto all = [&] { return connection().query("SELECT name, size FROM item WHERE id > ?", 2, {0}); };
  EXPECT_THAT(all(), SizeIs(1));

  connection().execute("ALTER TABLE item ADD COLUMN more INTEGER");

  EXPECT_THAT(all(), SizeIs(1));
  add("b");
  EXPECT_THAT(all(), SizeIs(2));
}

TEST_P(ConnectionContract, RunsMoreStatementsThanItKeepsPrepared) {
  for (int i = 0; i < 300; ++i)
    EXPECT_EQ(connection().query("SELECT " + std::to_string(i) + ", ?", 2, {i}).at(0).integer(0), i);
}

TEST_P(ConnectionContract, AnswersAsLongAsItLives) {
  EXPECT_TRUE(connection().answers());
  EXPECT_FALSE(connection().broken());
}

INSTANTIATE_TEST_SUITE_P(EveryDatabase, ConnectionContract, ::testing::Values(sqlite(), mariadb()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace osbackup::sql
