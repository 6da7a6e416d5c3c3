#include "archive/block_list.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "archive/tail_range.hpp"
#include "core/json.hpp"
#include "support/fails_with.hpp"
#include "support/made_archive.hpp"
#include "support/project_file.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;
using testing::ElementsAre;
using testing::IsEmpty;

std::string some_digest(std::uint64_t seed) {
  return crypto::to_hex(crypto::sha256(test::random_bytes({.size = 8, .seed = seed})));
}

/// A list of blocks of 100 bytes and 10 lines each.
class BlockListTest : public testing::Test {
 protected:
  using Paths = std::pair<std::string, std::string>;

  void add(const std::vector<Paths>& blocks) {
    for (const auto& [first, last] : blocks) {
      lines_.push_back(fmt::format(R"({{"first":"{}","last":"{}","offset":{},"length":100,"lines":10,"sha256":"{}"}})",
                                   first, last, index_.length, some_digest(index_.length)));
      index_.length += 100;
      index_.lines += 10;
    }
  }
  BlockList opened() {
    list_ = std::make_shared<test::SparseBytes>();
    JsonLinesWriter writer(*list_);
    for (const std::string& line : lines_) writer.add(line + "\n");
    writer.finish();
    blocks_ = writer.summary();
    blocks_.lines += extra_lines_;
    counted_ = std::make_shared<TailRange>(list_);
    return BlockList(counted_, blocks_, index_);
  }
  static std::vector<std::string> firsts(const BlockList& list, const PathRange& range) {
    std::vector<std::string> found;
    BlockList::Search search(list, range);
    while (const auto block = search.next()) found.push_back(block->first);
    return found;
  }
  void expect_refused(const std::string& message) {
    EXPECT_THAT([&] { opened(); }, fails_with(ErrorKind::Corrupt, message));
  }

  std::vector<std::string> lines_;
  LinesSummary index_;
  LinesSummary blocks_;
  std::uint64_t extra_lines_ = 0;
  std::shared_ptr<test::SparseBytes> list_;
  std::shared_ptr<TailRange> counted_;
};

TEST_F(BlockListTest, GivesTheOneBlockThatCanHoldAPath) {
  add({{".", "etc/a"}, {"etc/a/b", "etc/m"}, {"etc/n", "etc/z"}});
  const BlockList list = opened();

  EXPECT_THAT(firsts(list, {.path = "."}), ElementsAre("."));
  EXPECT_THAT(firsts(list, {.path = "etc/a"}), ElementsAre("."));
  EXPECT_THAT(firsts(list, {.path = "etc/a/b"}), ElementsAre("etc/a/b"));
  EXPECT_THAT(firsts(list, {.path = "etc/m"}), ElementsAre("etc/a/b"));
  EXPECT_THAT(firsts(list, {.path = "etc/m/x"}), IsEmpty());
  EXPECT_THAT(firsts(list, {.path = "etc/z"}), ElementsAre("etc/n"));
  EXPECT_THAT(firsts(list, {.path = "zz"}), IsEmpty());
}

TEST_F(BlockListTest, GivesTheBlocksOfASubtree) {
  add({{".", "etc/a"}, {"etc/a/b", "etc/m"}, {"etc/n", "etc/z"}, {"etc-x", "var"}});
  const BlockList list = opened();

  EXPECT_THAT(firsts(list, {.path = "etc", .with_below = true}), ElementsAre(".", "etc/a/b", "etc/n"));
  EXPECT_THAT(firsts(list, {.path = "etc/a", .with_below = true}), ElementsAre(".", "etc/a/b"));
  EXPECT_THAT(firsts(list, {.path = "etc/n", .with_below = true}), ElementsAre("etc/n"));
  EXPECT_THAT(firsts(list, {.path = ".", .with_below = true}), ElementsAre(".", "etc/a/b", "etc/n", "etc-x"));
}

TEST_F(BlockListTest, LooksIntoEachRunWhereTheOrderBeginsAnew) {
  add({{"lib", "lib/z"}, {"a", "m"}, {"k", "lib/b"}});
  const BlockList list = opened();

  EXPECT_THAT(firsts(list, {.path = "lib/a"}), ElementsAre("lib", "a", "k"));
  EXPECT_THAT(firsts(list, {.path = "b", .with_below = true}), ElementsAre("a"));
}

TEST_F(BlockListTest, KnowsWhetherTheOrderBeginsAnew) {
  add({{"a", "b"}, {"b/x", "k"}});
  EXPECT_TRUE(opened().is_in_order());
  add({{"k", "l"}});
  EXPECT_FALSE(opened().is_in_order());
}

TEST_F(BlockListTest, KnowsWhereverBetweenItsBlocksTheOrderBeginsAnew) {
  constexpr int kBlocks = 12;
  const std::string tail(8000, 'x');  // So that a member of the list holds four blocks.
  for (int anew = 1; anew < kBlocks; ++anew) {
    lines_.clear();
    index_ = {};
    for (int i = 0; i < kBlocks; ++i) {
      const int number = i < anew ? i : i - anew;
      add({{fmt::format("{:02}/a{}", number, tail), fmt::format("{:02}/z{}", number, tail)}});
    }
    EXPECT_FALSE(opened().is_in_order()) << anew;
  }
}

TEST_F(BlockListTest, IsSearchedByOneReadWhenItIsTooLongToBeKept) {
  constexpr int kBlocks = 120'000;  // As for an index of more than 10^7 lines.
  for (int i = 0; i < kBlocks; ++i) add({{fmt::format("srv/{:06}/a", i), fmt::format("srv/{:06}/z", i)}});
  const BlockList list = opened();
  ASSERT_GT(blocks_.length, 4U << 20U);
  const ReadCount before = counted_->count();

  EXPECT_THAT(firsts(list, {.path = "srv/040000/b"}), ElementsAre("srv/040000/a"));

  EXPECT_EQ(counted_->count().reads - before.reads, 1U);
  EXPECT_LT(counted_->count().bytes - before.bytes, 64U << 10U);
  EXPECT_EQ(firsts(list, {.path = ".", .with_below = true}).size(), static_cast<std::size_t>(kBlocks));
}

TEST_F(BlockListTest, IsSearchedWithoutAReadWhenItIsShort) {
  add({{"a", "b"}});
  const BlockList list = opened();
  const ReadCount before = counted_->count();

  firsts(list, {.path = "a"});

  EXPECT_EQ(counted_->count().reads, before.reads);
}

TEST_F(BlockListTest, MayBeEmptyForAnIndexWithoutLines) {
  index_.length = 32;

  EXPECT_THAT(firsts(opened(), {.path = ".", .with_below = true}), IsEmpty());
}

TEST_F(BlockListTest, RefusesBlocksThatAreNotTogetherTheIndex) {
  add({{"a", "b"}, {"c", "d"}});
  index_.length += 1;
  expect_refused("the blocks have 200 bytes and 20 lines, and the index 201 and 20");
  index_.length -= 2;
  expect_refused("line 2: the blocks are longer than the index, or have more lines");
  index_.length += 1;
  index_.lines += 1;
  expect_refused("the blocks have 200 bytes and 20 lines, and the index 200 and 21");
  index_.lines -= 2;
  expect_refused("line 2: the blocks are longer");
  index_.lines += 1;
  extra_lines_ = 1;
  expect_refused("there are 2 blocks, and the manifest says 3");
}

TEST_F(BlockListTest, RefusesBlocksThatDoNotFollowEachOther) {
  add({{"a", "b"}, {"c", "d"}, {"e", "f"}});
  lines_.erase(lines_.begin() + 1);

  expect_refused("line 2: a block at 200 follows one that ends at 100");
}

TEST_F(BlockListTest, FindsPathsThatAreTooLongForAllOfThemToBeKept) {
  const std::string path(1U << 20U, 'p');
  for (int i = 10; i < 50; ++i) add({{fmt::format("{}{}", i, path), fmt::format("{}{}q", i, path)}});
  const BlockList list = opened();

  for (const int i : {10, 49}) {
    const std::string wanted = fmt::format("{}{}", i, path);
    EXPECT_THAT(firsts(list, {.path = wanted}), ElementsAre(wanted));
  }
}

TEST(BlockLine, RefusesValuesThatAreNotWhatTheFormatSays) {
  const json::Object right = {{"first", "a"},  {"last", "b"}, {"offset", 0},
                              {"length", 100}, {"lines", 10}, {"sha256", some_digest(1)}};
  EXPECT_EQ(parse_block_line(json::serialize(right)).last, "b");
  const json::Object wrong = {{"first", json::Array{"", "/a", "../a", "b", "c", 7}},
                              {"last", json::Array{"", "b/"}},
                              {"offset", json::Array{-1, "0"}},
                              {"length", json::Array{-1, 4'259'841, 0.5}},
                              {"lines", json::Array{-1, 0, 1, 4'194'305}},
                              {"sha256", json::Array{"", 7}}};
  for (const auto& member : wrong) {
    for (const json::Value& value : member.value().as_array()) {
      json::Object changed = right;
      changed[member.key()] = value;
      EXPECT_THAT([&] { parse_block_line(json::serialize(changed)); }, fails_with(ErrorKind::Corrupt, "")) << changed;
    }
    json::Object changed = right;
    changed.erase(member.key());
    EXPECT_THAT([&] { parse_block_line(json::serialize(changed)); }, fails_with(ErrorKind::Corrupt, "is missing"));
  }
}

TEST(BlockLine, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/block_list");
  EXPECT_GE(corpus.size(), 5U);
  int read = 0;
  for (const std::string& text : corpus) {
    try {
      std::string_view rest = text;
      while (const auto line = take_line(rest)) {
        parse_block_line(*line);
        ++read;
      }
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
    }
  }
  EXPECT_GE(read, 5);
}

}  // namespace
}  // namespace osbackup::archive
