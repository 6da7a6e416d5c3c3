#include "archive/warning_entry.hpp"

#include <gmock/gmock.h>

#include "archive/index_writer.hpp"
#include "support/fails_with.hpp"
#include "support/project_file.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

TEST(WarningEntry, IsReadAsItWasWritten) {
  const WarningEntry warning = parse_warning_line(warning_line("etc/\xff", "no \"such\" file\n"));

  EXPECT_EQ(warning.path, "etc/\xff");
  EXPECT_EQ(warning.reason, "no \"such\" file\n");
}

TEST(WarningEntry, MayKnowMoreThanThisReader) {
  EXPECT_EQ(parse_warning_line(R"({"path":".","reason":"x","since":3})").path, ".");
}

TEST(WarningEntry, IsRefusedWhenAKeyIsMissingOrNotWhatItShouldBe) {
  const auto refused = [](const char* line, const char* message) {
    EXPECT_THAT([&] { parse_warning_line(line); }, fails_with(ErrorKind::Corrupt, message)) << line;
  };
  refused(R"({"path":"etc"})", "reason is missing");
  refused(R"({"reason":"x"})", "path is missing");
  refused(R"({"path":"etc","reason":7})", "reason is not text");
  refused(R"({"path":"/etc","reason":"x"})", "path is not a path of an index");
  refused(R"({"path":"../etc","reason":"x"})", "path is not a path of an index");
  refused(R"([])", "not a JSON object");
}

TEST(WarningEntry, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/warning_line");
  EXPECT_GE(corpus.size(), 4U);
  int read = 0;
  for (const std::string& text : corpus) {
    try {
      const WarningEntry warning = parse_warning_line(text);
      EXPECT_EQ(parse_warning_line(warning_line(warning.path, warning.reason)).reason, warning.reason);
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt) << error.what();
    }
  }
  EXPECT_GE(read, 3);
}

}  // namespace
}  // namespace osbackup::archive
