#include "sql/mariadb_error.hpp"

#include <gmock/gmock.h>

namespace osbackup::sql {
namespace {

Error error(unsigned code, std::string_view state, std::string_view message) {
  return error_of("os_backup at db:3306", {code, state, message});
}

TEST(MariaDbErrorTest, TellsDatabaseReasonAndNumber) {
  EXPECT_STREQ(error(1205, "HY000", "Lock wait timeout exceeded; try restarting transaction").what(),
               "database os_backup at db:3306: Lock wait timeout exceeded; try restarting transaction (error 1205)");
}

TEST(MariaDbErrorTest, WhatPassesIsUnavailable) {
  for (const auto& [code, state] : {std::pair{1205U, "HY000"},
                                    {1047U, "08S01"},
                                    {1040U, "08004"},
                                    {1203U, "42000"},
                                    {1290U, "HY000"},
                                    {1317U, "70100"},
                                    {2002U, "HY000"},
                                    {2006U, "HY000"},
                                    {2013U, "HY000"},
                                    {2026U, "HY000"},
                                    {1927U, "70100"}})
    EXPECT_EQ(error(code, state, "text").kind(), ErrorKind::Unavailable) << code;
}

TEST(MariaDbErrorTest, ADeadlockIsToldFromAWaitInVain) {
  EXPECT_EQ(error(1213, "40001", "Deadlock found").kind(), ErrorKind::Locked);
}

TEST(MariaDbErrorTest, WhatNobodyThoughtOfIsTriedAgainAndNotSetAside) {
  EXPECT_EQ(error(1815, "HY000", "Internal error").kind(), ErrorKind::Unavailable);
  EXPECT_EQ(error(3999, "XX000", "new").kind(), ErrorKind::Unavailable);
  EXPECT_EQ(error(1999, "", "no state").kind(), ErrorKind::Unavailable);
}

TEST(MariaDbErrorTest, TellsWhatSomebodyHasToDo) {
  EXPECT_EQ(error(1045, "28000", "").kind(), ErrorKind::LoginRefused);
  EXPECT_EQ(error(2059, "HY000", "").kind(), ErrorKind::LoginRefused);
  EXPECT_EQ(error(5010, "HY000", "").kind(), ErrorKind::LoginRefused);
  EXPECT_EQ(error(1044, "42000", "").kind(), ErrorKind::Denied);
  EXPECT_EQ(error(1142, "42000", "").kind(), ErrorKind::Denied);
  EXPECT_EQ(error(1130, "HY000", "").kind(), ErrorKind::Denied);
  EXPECT_EQ(error(1049, "42000", "").kind(), ErrorKind::NotFound);
  EXPECT_EQ(error(1050, "42S01", "").kind(), ErrorKind::Exists);
  EXPECT_EQ(error(1064, "42000", "").kind(), ErrorKind::Internal);
  EXPECT_EQ(error(1146, "42S02", "").kind(), ErrorKind::Internal);
  EXPECT_EQ(error(1136, "21S01", "").kind(), ErrorKind::Internal);
  // A column that somebody else added: no value is to blame.
  EXPECT_EQ(error(1364, "HY000", "").kind(), ErrorKind::Internal);
}

TEST(MariaDbErrorTest, AFullDiskIsNoSpace) {
  EXPECT_EQ(error(1114, "HY000", "The table 'item' is full").kind(), ErrorKind::NoSpace);
  EXPECT_EQ(error(1021, "HY000", "Disk full (/tmp)").kind(), ErrorKind::NoSpace);
  EXPECT_EQ(error(1030, "HY000", "Got error 28 \"No space left on device\" from storage engine InnoDB").kind(),
            ErrorKind::NoSpace);
  EXPECT_EQ(error(3, "HY000", "Error writing file './x' (Errcode: 28 \"No space left on device\")").kind(),
            ErrorKind::NoSpace);
  EXPECT_EQ(error(1030, "HY000", "Got error 5 \"Input/output error\" from storage engine InnoDB").kind(),
            ErrorKind::Unavailable);
}

TEST(MariaDbErrorTest, OfADuplicateOnlyTheKeyIsTold) {
  const Error duplicate = error(1062, "23000", "Duplicate entry 'secret for key 'x'' for key 'host_name'");
  EXPECT_EQ(duplicate.kind(), ErrorKind::Exists);
  EXPECT_STREQ(duplicate.what(), "database os_backup at db:3306: duplicate entry for key 'host_name' (error 1062)");
}

TEST(MariaDbErrorTest, ATriggerThatRefusesIsAConstraintAndGivesItsReason) {
  const Error refused = error(1644, "45000", "no such host");
  EXPECT_EQ(refused.kind(), ErrorKind::Exists);
  EXPECT_STREQ(refused.what(), "database os_backup at db:3306: no such host (error 1644)");
}

TEST(MariaDbErrorTest, OfAValueThatDoesNotFitOnlyTheColumnIsTold) {
  const Error value = error(1366, "22007", "Incorrect string value: '\\xFF secret' for column `a`.`b`.`c` at row 1");
  EXPECT_EQ(value.kind(), ErrorKind::Usage);
  EXPECT_STREQ(value.what(),
               "database os_backup at db:3306: a value that does not fit for column `a`.`b`.`c` at row 1 (error 1366)");
  EXPECT_STREQ(error(1406, "22001", "Data too long for column 'c' at row 1").what(),
               "database os_backup at db:3306: Data too long for column 'c' at row 1 (error 1406)");
  EXPECT_STREQ(error(1048, "23000", "Column 'c' cannot be null").what(),
               "database os_backup at db:3306: Column 'c' cannot be null (error 1048)");
}

TEST(MariaDbErrorTest, OfAnyOtherValueNothingIsTold) {
  for (const auto& [code, state] : {std::pair{1292U, "22007"},
                                    {1690U, "22003"},
                                    {1411U, "HY000"},
                                    {1525U, "HY000"},
                                    {1999U, "22999"},
                                    {1998U, "23999"},
                                    {1997U, "01000"}}) {
    EXPECT_THAT(error(code, state, "Incorrect value: 'secret'").what(), testing::Not(testing::HasSubstr("secret")))
        << code;
  }
}

TEST(MariaDbErrorTest, ALostOrForeignSessionEnds) {
  for (const auto& [code, state] : {std::pair{2006U, "HY000"},
                                    {2013U, "HY000"},
                                    {2014U, "HY000"},
                                    {1047U, "08S01"},
                                    {1053U, "08S01"},
                                    {1290U, "HY000"},
                                    {1836U, "HY000"},
                                    {1927U, "70100"}})
    EXPECT_TRUE(ends_session({code, state, ""})) << code;
  for (const auto& [code, state] :
       {std::pair{1205U, "HY000"}, {1213U, "40001"}, {1062U, "23000"}, {1064U, "42000"}, {1114U, "HY000"}})
    EXPECT_FALSE(ends_session({code, state, ""})) << code;
}

}  // namespace
}  // namespace osbackup::sql
