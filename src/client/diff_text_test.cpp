#include "client/diff_text.hpp"

#include <gtest/gtest.h>

#include "core/json.hpp"

namespace osbackup::client {
namespace {

using restore::Change;
using restore::ChangedField;

Change change_of(Change::Kind kind, const std::string& path, std::vector<ChangedField> fields = {}) {
  Change change{.kind = kind, .entry = {}, .fields = std::move(fields)};
  change.entry.path = path;
  return change;
}

TEST(ChangeText, HasALetterAndAPathThatOtherCommandsTake) {
  EXPECT_EQ(change_text(change_of(Change::Kind::Added, "etc/a"), false), "+  /etc/a");
  EXPECT_EQ(change_text(change_of(Change::Kind::Removed, "etc/a"), true), "-  /etc/a");
  EXPECT_EQ(change_text(change_of(Change::Kind::Type, "."), false), "T  /");
  EXPECT_EQ(change_text(change_of(Change::Kind::Metadata, "a\n\xff"), false), "U  /a\\n\\xff");
}

TEST(ChangeText, NamesTheFieldsWhenItIsAsked) {
  const Change change = change_of(Change::Kind::Content, "a", {ChangedField::Content, ChangedField::ModificationTime});

  EXPECT_EQ(change_text(change, false), "M  /a");
  EXPECT_EQ(change_text(change, true), "M  /a  (content, mtime)");
}

TEST(ChangeJson, IsOneObject) {
  Change change = change_of(Change::Kind::Metadata, "etc/\xff", {ChangedField::Mode, ChangedField::Attributes});
  change.entry.type = archive::EntryType::Directory;

  EXPECT_EQ(json::parse(change_json(change)),
            json::parse(R"({"message_type":"change","change":"U","path_b64":"ZXRjL/8=","type":"dir",)"
                        R"("fields":["mode","xattrs"]})"));
  EXPECT_EQ(json::parse(change_json(change_of(Change::Kind::Added, "a"))),
            json::parse(R"({"message_type":"change","change":"+","path":"a","type":"file","fields":[]})"));
}

TEST(DiffCountsText, NamesWhatThereIs) {
  EXPECT_EQ(counts_text({.unchanged = 7}), "no differences");
  EXPECT_EQ(counts_text({.added = 3, .content = 2, .passed_over = 1}), "3 added, 2 changed, 1 passed over");
  EXPECT_EQ(counts_text({.added = 1, .removed = 2, .content = 3, .metadata = 4, .type = 5, .unread = 6}),
            "1 added, 2 removed, 3 changed, 4 with other metadata, 5 of another type, 6 not read");
  EXPECT_EQ(counts_text({.unread = 1}), "no differences, 1 not read");
}

TEST(DiffCountsJson, HasAllOfThem) {
  const restore::DiffCounts counts{
      .added = 1, .removed = 2, .content = 3, .metadata = 4, .type = 5, .unchanged = 6, .passed_over = 7, .unread = 8};

  EXPECT_EQ(counts_json(counts),
            json::parse(R"({"added":1,"removed":2,"changed":3,"metadata_changed":4,"type_changed":5,"unchanged":6,)"
                        R"("passed_over":7,"not_read":8})"));
}

}  // namespace
}  // namespace osbackup::client
