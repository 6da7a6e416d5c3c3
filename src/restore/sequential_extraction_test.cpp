#include "restore/sequential_extraction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/memory_sink.hpp"
#include "support/object_archive.hpp"
#include "support/random_bytes.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;
using test::fails_with;
using test::ObjectArchive;
using testing::ElementsAre;

/// Objects at hand; a path `damage` stands for a damaged place.
class ObjectStream final : public EntryStream {
 public:
  explicit ObjectStream(std::vector<ObjectArchive::Object> objects) : objects_(objects.begin(), objects.end()) {}

  std::optional<archive::Entry> next() override {
    if (objects_.empty()) return std::nullopt;
    object_ = std::move(objects_.front());
    objects_.pop_front();
    used_ = 0;
    if (object_.entry.path == "damage") throw Error(ErrorKind::Corrupt, "etc.tar.gz: damaged");
    return object_.entry;
  }
  std::size_t read(std::span<std::byte> out) override {
    const std::size_t count = std::min(out.size(), object_.content.size() - used_);
    std::copy_n(object_.content.begin() + static_cast<std::ptrdiff_t>(used_), count, out.begin());
    used_ += count;
    return count;
  }
  const std::vector<std::string>& lost_attributes() const override { return lost_; }

  std::vector<std::string> lost_;

 private:
  std::deque<ObjectArchive::Object> objects_;
  ObjectArchive::Object object_;
  std::size_t used_ = 0;
};

class SequentialExtraction : public testing::Test {
 protected:
  void extract(std::vector<ObjectArchive::Object> objects) {
    ObjectStream stream(std::move(objects));
    extract_in_sequence(stream, order_, sink_, {.troubles = troubles_, .progress = progress_});
  }
  static std::vector<std::byte> content(std::size_t size) { return test::random_bytes({.size = size, .seed = 5}); }

  ExtractionOrder order_;
  test::MemorySink sink_;
  std::vector<std::string> told_;
  TroubleLog troubles_{[this](const Trouble& trouble) { told_.push_back(to_line(trouble)); }};
  RestoreProgress progress_;
};

TEST_F(SequentialExtraction, GivesObjectsWithTheirContent) {
  ObjectArchive::Object sparse = ObjectArchive::file("etc/sparse", content(1'500'000));
  sparse.entry.sparse = true;
  sparse.entry.size = 9'000'000;
  sparse.entry.extents = {{.offset = 1'024, .length = 1'000'448}, {.offset = 8'000'000, .length = 499'552}};

  extract({ObjectArchive::directory("etc"), ObjectArchive::file("etc/a", content(3'000'000)), sparse,
           ObjectArchive::link("etc/b", EntryType::Hardlink, "etc/a")});

  EXPECT_THAT(sink_.paths(), ElementsAre("etc", "etc/a", "etc/b", "etc/sparse"));
  EXPECT_TRUE(sink_.finished().at("etc/a").content == content(3'000'000));
  const auto& read = sink_.finished().at("etc/sparse").content;
  EXPECT_TRUE(std::equal(read.begin() + 8'000'000, read.begin() + 8'499'552, sparse.content.begin() + 1'000'448));
  EXPECT_EQ(progress_.objects, 4U);
}

TEST_F(SequentialExtraction, KeepsToTheSelectionAndNamesWhatIsNotThere) {
  order_.selection.paths = {"etc/b", "etc/none"};

  extract({ObjectArchive::file("etc/a", content(10)), ObjectArchive::file("etc/b", content(20))});

  EXPECT_THAT(sink_.paths(), ElementsAre("etc/b"));
  EXPECT_THAT(told_, ElementsAre("etc/none: it is not in the archive"));
}

TEST_F(SequentialExtraction, NamesALinkWhoseContentIsNotSelected) {
  order_.selection.paths = {"etc/b"};

  extract({ObjectArchive::file("etc/a", content(10)), ObjectArchive::link("etc/b", EntryType::Hardlink, "etc/a")});

  EXPECT_THAT(told_, ElementsAre("etc/b: it is a hard link to etc/a, which is not selected: restore that as well"));
}

TEST_F(SequentialExtraction, NamesALinkWhoseContentWasLost) {
  sink_.on_write = [](const std::string&) { throw Error(ErrorKind::Denied, "no"); };

  extract({ObjectArchive::file("etc/a", content(10)), ObjectArchive::link("etc/b", EntryType::Hardlink, "etc/a")});

  EXPECT_THAT(told_, ElementsAre("etc/a: no", "etc/b: the content that it is a hard link to could not be restored"));
}

TEST_F(SequentialExtraction, StopsAtDamageOrGoesOnWhenToldTo) {
  const std::vector<ObjectArchive::Object> objects = {ObjectArchive::file("etc/a", content(10)),
                                                      ObjectArchive::file("damage", {}),
                                                      ObjectArchive::file("etc/b", content(10))};

  EXPECT_THAT([&] { extract(objects); }, fails_with(ErrorKind::Corrupt, "etc.tar.gz: damaged"));
  EXPECT_THAT(sink_.paths(), ElementsAre("etc/a"));
  order_.keep_going = true;
  extract(objects);

  EXPECT_THAT(sink_.paths(), ElementsAre("etc/a", "etc/b"));
  EXPECT_EQ(troubles_.counts().damaged, 1U);
}

TEST_F(SequentialExtraction, KeepsContentThatEndsTooEarlyWhenItIsToGoOn) {
  ObjectArchive::Object cut = ObjectArchive::file("etc/a", content(10));
  cut.entry.size = 11;
  order_.keep_going = true;

  extract({cut, ObjectArchive::link("etc/b", EntryType::Hardlink, "etc/a")});

  ASSERT_TRUE(sink_.damaged().contains("etc/a"));
  EXPECT_TRUE(std::equal(cut.content.begin(), cut.content.end(), sink_.damaged().at("etc/a").content.begin()));
  EXPECT_THAT(told_, ElementsAre("etc/a: its content ends too early; 1 B of its 11 B, from byte 10 on, are lost; the "
                                 "rest is kept as etc/a.damaged",
                                 "etc/b: the content that it is a hard link to could not be restored"));
}

TEST_F(SequentialExtraction, RefusesContentThatEndsTooEarly) {
  ObjectArchive::Object cut = ObjectArchive::file("etc/a", content(10));
  cut.entry.size = 11;

  EXPECT_THAT([&] { extract({cut}); }, fails_with(ErrorKind::Corrupt, "etc/a: its content ends too early"));
}

}  // namespace
}  // namespace osbackup::restore
