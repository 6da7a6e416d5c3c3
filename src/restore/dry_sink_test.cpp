#include "restore/dry_sink.hpp"

#include <gmock/gmock.h>

#include <utility>

#include "support/fails_with.hpp"
#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::directory_of;
using test::FileOf;
using test::hardlink_of;
using test::link_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DrySinkTest : public test::SinkTest {
 protected:
  /// What would be done with these.
  SinkCounts look(const std::vector<archive::Entry>& entries) {
    DrySink dry(options_, log_);
    for (const archive::Entry& entry : entries) EXPECT_FALSE(dry.wants(entry)) << "nothing has to be read";
    return dry.counts();
  }
};

TEST_F(DrySinkTest, MakesNothing) {
  const SinkCounts counts = look(
      {directory_of("d"), FileOf{.path = "d/file"}.entry(), link_of("d/link", "/x"), hardlink_of("d/other", "d/file")});

  EXPECT_EQ(counts, (SinkCounts{.files = 1, .directories = 1, .symlinks = 1, .hardlinks = 1, .content_bytes = 7}));
  EXPECT_FALSE(std::filesystem::exists(options_.target));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DrySinkTest, ReplacesNothing) {
  there("d/file", "old");
  const SinkCounts counts =
      look({directory_of("d"), FileOf{.path = "d/file"}.entry(), FileOf{.path = "d/new"}.entry()});

  EXPECT_EQ(content_of("d/file"), "old");
  EXPECT_EQ(counts.files, 2U);
  EXPECT_EQ(counts.replaced, 1U);
}

TEST_F(DrySinkTest, TellsWhatIsUnchangedAndWhatIsKept) {
  const FileOf file{.path = "file"};
  restore_file(file);
  restore(hardlink_of("other", "file"));
  begin_again();

  options_.overwrite = Overwrite::IfChanged;
  EXPECT_EQ(look({file.entry(), hardlink_of("other", "file"), FileOf{.path = "g"}.entry()}),
            (SinkCounts{.files = 1, .content_bytes = 7, .unchanged = 2}));
  options_.overwrite = Overwrite::Never;
  EXPECT_EQ(look({file.entry(), FileOf{.path = "g"}.entry()}), (SinkCounts{.files = 1, .content_bytes = 7, .kept = 1}));
}

TEST_F(DrySinkTest, LinksToNothingThatTheArchiveDoesNotHave) {
  there("file", "another");
  options_.overwrite = Overwrite::Never;

  EXPECT_EQ(look({FileOf{.path = "file"}.entry(), hardlink_of("other", "file")}), (SinkCounts{.kept = 1}));
  EXPECT_THAT(told(), test::tells_once("failed other: ", "what it links to, file, is in the target"));
}

TEST_F(DrySinkTest, NamesWhatWouldBeRefused) {
  there("full/x");
  there_link("link", outside());
  const SinkCounts counts = look({FileOf{.path = "/absolute"}.entry(), FileOf{.path = "full"}.entry(),
                                  directory_of("link"), FileOf{.path = "link/x"}.entry(), hardlink_of("a", "link/x"),
                                  hardlink_of("b", "full"), hardlink_of("c", "../x")});

  EXPECT_EQ(counts, SinkCounts());
  EXPECT_THAT(told(),
              ElementsAre("refused /absolute: its path is absolute", HasSubstr("refused full: a directory"),
                          HasSubstr("refused link: a link"), HasSubstr("refused link/x: the way to it leads over"),
                          HasSubstr("refused a: the way to what it links to"),
                          HasSubstr("refused b: what it links to is a directory"),
                          HasSubstr("refused c: what it links to, ../x, leads out")));
}

TEST_F(DrySinkTest, SeesThatAFileIsInTheWay) {
  there("file");
  EXPECT_EQ(look({FileOf{.path = "file/x"}.entry()}).files, 1U) << "the file would be replaced by a directory";
  options_.overwrite = Overwrite::Never;
  EXPECT_EQ(look({FileOf{.path = "file/x"}.entry()}).files, 0U);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("failed file/x: something that is no directory")));
}

TEST_F(DrySinkTest, CountsWhatDiskSinkDoes) {
  there("a/file", "old");
  there_directory("b");
  there("c", "old");
  const std::vector<archive::Entry> entries = {directory_of("a"),
                                               FileOf{.path = "a/file", .content = ""}.entry(),
                                               FileOf{.path = "b", .content = ""}.entry(),
                                               directory_of("c"),
                                               link_of("c/link", "x"),
                                               test::entry_of(EntryType::Fifo, "d")};
  const SinkCounts expected = look(entries);
  for (const archive::Entry& entry : entries) restore(entry);

  EXPECT_EQ(finish(), expected);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DrySinkTest, NamesEachObjectAsDiskSinkDoes) {
  std::vector<std::string> named;
  options_.on_object = [&](const DoneObject& done, const std::string& path) {
    named.push_back(std::to_string(static_cast<int>(done.action)) + " " + path);
  };
  there("a/file", "old");
  there("c", "old");
  const std::vector<archive::Entry> entries = {directory_of("a"),
                                               FileOf{.path = "a/file", .content = ""}.entry(),
                                               FileOf{.path = "b", .content = ""}.entry(),
                                               directory_of("c"),
                                               link_of("c/link", "x"),
                                               hardlink_of("d", "a/file")};
  look(entries);
  const std::vector<std::string> expected = std::exchange(named, {});
  for (const archive::Entry& entry : entries) restore(entry);

  EXPECT_THAT(expected, ElementsAre("2 a", "1 a/file", "0 b", "1 c", "0 c/link", "0 d"));
  EXPECT_EQ(named, expected);
}

TEST_F(DrySinkTest, NamesWhatStaysAsDiskSinkDoes) {
  const std::vector<archive::Entry> entries = {directory_of("a"), FileOf{.path = "a/file", .content = ""}.entry()};
  for (const archive::Entry& entry : entries) restore(entry);
  begin_again();
  std::vector<ObjectAction> heard;
  options_.on_object = [&](const DoneObject& done, const std::string&) { heard.push_back(done.action); };
  for (const Overwrite overwrite : {Overwrite::IfChanged, Overwrite::Never}) {
    options_.overwrite = overwrite;
    look(entries);
    for (const archive::Entry& entry : entries) restore(entry);
    begin_again();
  }

  const auto updated = ObjectAction::Updated;
  const auto unchanged = ObjectAction::Unchanged;
  const auto kept = ObjectAction::Kept;
  EXPECT_THAT(heard, ElementsAre(updated, unchanged, updated, unchanged, kept, kept, kept, kept));
}

TEST_F(DrySinkTest, ThrowsWhatItsListenerThrows) {
  options_.on_object = [](const DoneObject&, const std::string&) { throw Error(ErrorKind::Cancelled, "stopped"); };
  DrySink dry(options_, log_);

  EXPECT_THAT([&] { dry.wants(directory_of("a")); }, test::fails_with(ErrorKind::Cancelled, "stopped"));
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(DrySinkTest, RefusesATargetThatIsAFile) {
  std::ofstream(folder_.path() / "target") << "x";
  EXPECT_THAT([&] { DrySink(options_, log_); }, test::fails_with(ErrorKind::Usage, "is a file"));
}

}  // namespace
}  // namespace osbackup::restore
