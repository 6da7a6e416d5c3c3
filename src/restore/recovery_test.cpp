#include "restore/recovery.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/memory_sink.hpp"
#include "support/object_archive.hpp"
#include "support/project_file.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::restore {
namespace {

using test::ObjectArchive;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class Recovery : public testing::Test {
 protected:
  Recovery() {
    auto& etc = made_.directories["/etc"];
    etc.push_back(ObjectArchive::directory("etc"));
    for (std::uint32_t i = 0; i < 300; ++i)
      etc.push_back(ObjectArchive::file(fmt::format("etc/{:03}", i), content_of(i)));
    bytes_ = made_.build()->all();
  }
  static std::vector<std::byte> content_of(std::uint32_t seed) {
    return test::random_bytes({.size = 20'000, .seed = seed});
  }
  void recover_it() {
    Remains remains = open_remains(std::make_shared<MemoryRange>(bytes_));
    recover(remains, {.selection = {}, .threads = 2, .keep_going = false, .stop = {}}, sink_,
            {.troubles = troubles_, .progress = progress_});
    for (const auto& [path, received] : sink_.finished()) {
      if (path == "etc") continue;
      const auto number = static_cast<std::uint32_t>(std::stoi(path.substr(4)));
      EXPECT_TRUE(received.content == content_of(number)) << path;
    }
  }
  archive::Manifest manifest() const {
    return *archive::ArchiveReader(std::make_shared<MemoryRange>(bytes_)).manifest();
  }

  ObjectArchive made_;
  std::vector<std::byte> bytes_;
  test::MemorySink sink_;
  std::vector<std::string> told_;
  TroubleLog troubles_{[this](const Trouble& trouble) { told_.push_back(to_line(trouble)); }};
  RestoreProgress progress_;
};

TEST_F(Recovery, GoesByTheIndexOfAGoodArchive) {
  recover_it();

  EXPECT_EQ(sink_.finished().size(), 301U);
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(Recovery, GetsEverythingWhenTheIndexIsDamaged) {
  const archive::ManifestList index = manifest().index;
  bytes_[index.offset + index.summary.length / 2] ^= std::byte{1};

  recover_it();

  EXPECT_EQ(sink_.finished().size(), 301U);
  EXPECT_THAT(told_, Contains(StartsWith("the index cannot be gone by")));
  EXPECT_EQ(troubles_.counts().damaged, 1U);
}

TEST_F(Recovery, KeepsTheRestOfALargeFileWithoutAnIndex) {
  constexpr std::size_t kSize = 6'500'000;
  const auto content = test::random_bytes({.size = kSize, .seed = 1});
  made_.directories["/srv"].push_back(ObjectArchive::file("srv/big", content));
  bytes_ = made_.build()->all();
  const archive::Manifest said = manifest();
  bytes_[said.index.offset + said.index.summary.length / 2] ^= std::byte{1};
  bytes_[said.directories[1].place.offset + 3'500'000] ^= std::byte{1};

  recover_it();

  EXPECT_EQ(sink_.finished().size(), 301U);
  ASSERT_TRUE(sink_.damaged().contains("srv/big"));
  const auto& kept = sink_.damaged().at("srv/big").content;
  std::size_t lost = 0;
  for (std::size_t i = 0; i < kSize; ++i) {
    if (kept[i] == content[i]) continue;
    ASSERT_EQ(kept[i], std::byte{0});
    ++lost;
  }
  EXPECT_GT(lost, 1'000'000U);
  EXPECT_LE(lost, 1U << 20U);
  EXPECT_THAT(told_, Contains(StartsWith("srv/big: a part of its content is damaged; 1.0 MiB of its 6.2 MiB, from "
                                         "byte ")));
}

TEST_F(Recovery, KeepsTheBeginOfALargeFileThatIsCutOff) {
  const auto content = test::random_bytes({.size = 3'500'000, .seed = 1});
  made_.directories["/srv"].push_back(ObjectArchive::file("srv/big", content));
  bytes_ = made_.build()->all();
  bytes_.resize(manifest().directories[1].place.offset + 2'500'000);

  recover_it();

  ASSERT_TRUE(sink_.damaged().contains("srv/big"));
  const auto& kept = sink_.damaged().at("srv/big").content;
  EXPECT_TRUE(std::equal(content.begin(), content.begin() + 2'000'000, kept.begin()));
  EXPECT_TRUE(std::all_of(kept.begin() + 2'500'000, kept.end(), [](std::byte byte) { return byte == std::byte{0}; }));
}

TEST_F(Recovery, GetsWhatIsThereOfAnArchiveThatIsCutOff) {
  bytes_.resize(bytes_.size() / 2);

  recover_it();

  EXPECT_THAT(sink_.paths(), Contains("etc/000"));
  EXPECT_GT(sink_.finished().size(), 100U);
  EXPECT_THAT(sink_.paths(), Not(Contains("etc/299")));
  EXPECT_GE(troubles_.counts().damaged, 2U);
}

TEST_F(Recovery, LosesNoMoreThanADamagedMember) {
  bytes_[manifest().directories[0].place.offset + 2'500'000] ^= std::byte{1};

  recover_it();

  EXPECT_GT(sink_.finished().size(), 301U - 60);
  EXPECT_LT(sink_.finished().size(), 301U);
  EXPECT_EQ(troubles_.counts().damaged, 301U - sink_.finished().size());
}

TEST_F(Recovery, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/recovery");
  EXPECT_GE(corpus.size(), 8U);
  for (const std::string& text : corpus) {
    const auto bytes = std::as_bytes(std::span(text));
    Remains remains = open_remains(std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end())));
    recover(remains, {.selection = {}, .threads = 2, .keep_going = true, .stop = {}}, sink_,
            {.troubles = troubles_, .progress = progress_});
  }
  EXPECT_GE(sink_.finished().size(), 3U);
  EXPECT_GE(troubles_.counts().damaged, 3U);
}

}  // namespace
}  // namespace osbackup::restore
