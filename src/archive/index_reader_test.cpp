#include "archive/index_reader.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/fails_with.hpp"
#include "support/made_archive.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

/// An index of one block, and what a hostile list of blocks says of it.
class OneBlockIndex : public testing::Test {
 protected:
  IndexReader opened() {
    auto archive = std::make_shared<test::SparseBytes>();
    Manifest manifest = manifest_of_one_directory();
    manifest.index = add_list(*archive, lines_);
    const crypto::Sha256Digest digest = sha256_.value_or(manifest.index.summary.sha256);
    const std::string block =
        fmt::format(R"({{"first":"{}","last":"{}","offset":0,"length":{},"lines":{},"sha256":"{}"}})"
                    "\n",
                    first_, last_, manifest.index.summary.length, lines_.size() + extra_lines_, crypto::to_hex(digest));
    manifest.index.summary.lines += extra_lines_;
    manifest.blocks = add_list(*archive, {block});
    return {archive, manifest};
  }
  void expect_refused(const std::string& message) {
    const IndexReader index = opened();
    EXPECT_THAT([&] { index.find("b"); },
                fails_with(ErrorKind::Corrupt, "osbackup/index.jsonl.gz, the block at byte 0 with " + first_ + " to " +
                                                   last_ + ": " + message));
  }
  static std::string line_of(const std::string& path) {
    Entry entry;
    entry.path = path;
    entry.type = EntryType::Directory;
    std::string line = index_line_head(entry);
    complete_index_line(line, {}, false, {.directory = 0, .member = 0, .skip = 0, .span = 100});
    return line;
  }

  std::vector<std::string> lines_ = {line_of("a"), line_of("b"), line_of("c")};
  std::string first_ = "a";
  std::string last_ = "c";
  std::uint64_t extra_lines_ = 0;
  std::optional<crypto::Sha256Digest> sha256_;

 private:
  static Manifest manifest_of_one_directory() {
    Manifest manifest;
    manifest.directories.resize(1);
    manifest.directories[0].place = {.offset = 1'000, .length = 100};
    return manifest;
  }
  static ManifestList add_list(test::SparseBytes& archive, const std::vector<std::string>& lines) {
    const std::uint64_t offset = archive.size();
    JsonLinesWriter writer(archive);
    for (const std::string& line : lines) writer.add(line);
    writer.finish();
    return {.offset = offset, .summary = writer.summary()};
  }
};

TEST_F(OneBlockIndex, IsReadWhenAllAgrees) {
  const IndexReader index = opened();

  EXPECT_EQ(index.find("b")->entry.path, "b");
  EXPECT_EQ(index.span_of(*index.find("b")), (ZipPlace{.offset = 1'000, .length = 100}));
  EXPECT_FALSE(index.find("b/c"));
}

TEST_F(OneBlockIndex, IsRefusedWhenTheDigestOfABlockIsAnother) {
  sha256_ = crypto::Sha256Digest{};
  expect_refused("the digest does not match");
}

TEST_F(OneBlockIndex, IsRefusedWhenABlockHasMoreOrFewerLinesThanItSays) {
  extra_lines_ = 1;
  expect_refused("3 lines, and the list of blocks says 4");
}

TEST_F(OneBlockIndex, IsRefusedWhenABlockBeginsOrEndsElsewhere) {
  first_ = "A";
  expect_refused("it begins or ends with another path");
  first_ = "a";
  last_ = "d";
  expect_refused("it begins or ends with another path");
}

TEST_F(OneBlockIndex, IsRefusedWhenItsPathsAreNotInOrder) {
  lines_ = {line_of("a"), line_of("bb"), line_of("b"), line_of("c")};
  expect_refused("its paths are not in order");
  lines_ = {line_of("a"), line_of("b"), line_of("b"), line_of("c")};
  expect_refused("its paths are not in order");
}

TEST_F(OneBlockIndex, IsRefusedWhenALineIsNone) {
  lines_[1] = "{}\n";
  expect_refused("line 2: path is missing");
}

}  // namespace
}  // namespace osbackup::archive
