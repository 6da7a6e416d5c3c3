#include "restore/extraction.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<std::byte> content_of(std::size_t size, std::uint32_t seed) {
  return test::random_bytes({.size = size, .seed = seed});
}

/// Objects of each kind; `big` goes on in several members.
ObjectArchive varied_archive() {
  ObjectArchive made;
  auto& etc = made.directories["/etc"];
  etc.push_back(ObjectArchive::directory("etc"));
  etc.push_back(ObjectArchive::file("etc/big", content_of(5'300'000, 1)));
  etc.push_back(ObjectArchive::file("etc/empty", {}));
  for (std::uint32_t i = 0; i < 400; ++i)
    etc.push_back(ObjectArchive::file(fmt::format("etc/file-{:03}", i), content_of(9'000 + i, i)));
  etc.push_back(ObjectArchive::link("etc/link", EntryType::Symlink, "file-000"));
  ObjectArchive::Object sparse{.entry = ObjectArchive::file("etc/sparse", {}).entry,
                               .content = content_of(3'000'000 + 512, 2)};
  sparse.entry.size = 20'000'000;
  sparse.entry.sparse = true;
  sparse.entry.extents = {{.offset = 1'000'448, .length = 3'000'000 - 192}, {.offset = 19'000'320, .length = 704}};
  sparse.content.resize(3'000'000 - 192 + 704);
  etc.push_back(std::move(sparse));
  auto& home = made.directories["/home"];
  home.push_back(ObjectArchive::directory("home"));
  home.push_back(ObjectArchive::file("home/a", content_of(100, 3)));
  home.back().entry.links = 3;
  home.push_back(ObjectArchive::link("home/b", EntryType::Hardlink, "home/a"));
  home.push_back(ObjectArchive::link("home/c", EntryType::Hardlink, "home/a"));
  return made;
}

std::vector<std::byte> as_read(const ObjectArchive::Object& object) {
  if (!object.entry.sparse) return object.content;
  std::vector<std::byte> content(object.entry.size);
  auto next = object.content.begin();
  for (const archive::Extent& extent : object.entry.extents) {
    std::copy_n(next, extent.length, content.begin() + static_cast<std::ptrdiff_t>(extent.offset));
    next += static_cast<std::ptrdiff_t>(extent.length);
  }
  return content;
}

/// What is told of an object in a damaged member.
auto damaged_line(const std::string& path, const std::string& why) {
  return testing::MatchesRegex(path + ": the gzip member at byte [0-9]+ of the archive: a gzip member " + why);
}

class Extraction : public testing::Test {
 protected:
  void extract_all(const ObjectArchive& made) { extract_from(made.build()); }
  void extract_from(std::shared_ptr<const RangeReader> bytes) {
    archive::ArchiveReader archive(std::move(bytes));
    extract(archive, order_, sink_, {.troubles = troubles_, .progress = progress_});
    reads_ = archive.count();
  }
  /// The archive with one bit changed in an object's last member, so many bytes before its end.
  std::shared_ptr<const RangeReader> damaged(const ObjectArchive& made, const std::string& path,
                                             std::uint64_t before_end = 100) {
    const auto bytes = made.build();
    archive::ArchiveReader archive(bytes);
    const archive::ZipPlace place = archive.span_of(*archive.find(path));
    std::vector<std::byte> changed = bytes->all();
    changed[place.offset + place.length - before_end] ^= std::byte{4};
    return std::make_shared<MemoryRange>(std::move(changed));
  }
  std::vector<std::string> told(Trouble::Kind kind) const {
    std::vector<std::string> lines;
    for (const Trouble& trouble : told_)
      if (trouble.kind == kind) lines.push_back(to_line(trouble));
    return lines;
  }

  ExtractionOrder order_{.selection = {}, .threads = 3, .keep_going = false, .stop = {}};
  test::MemorySink sink_;
  std::vector<Trouble> told_;
  TroubleLog troubles_{[this](const Trouble& trouble) { told_.push_back(trouble); }};
  RestoreProgress progress_;
  archive::ReadCount reads_;
};

TEST_F(Extraction, GivesEveryObjectAsItWasPutIn) {
  const ObjectArchive made = varied_archive();

  for (const unsigned threads : {1U, 2U, 7U}) {
    order_.threads = threads;
    test::MemorySink sink;
    archive::ArchiveReader archive(made.build());
    extract(archive, order_, sink, {.troubles = troubles_, .progress = progress_});

    std::size_t objects = 0;
    for (const auto& [directory, contents] : made.directories) {
      objects += contents.size();
      for (const ObjectArchive::Object& object : contents) {
        const auto found = sink.finished().find(object.entry.path);
        ASSERT_NE(found, sink.finished().end()) << object.entry.path;
        EXPECT_EQ(found->second.entry.type, object.entry.type) << object.entry.path;
        EXPECT_EQ(found->second.entry.target, object.entry.target);
        EXPECT_EQ(found->second.entry.mtime.tv_nsec, object.entry.mtime.tv_nsec);
        EXPECT_EQ(found->second.entry.links, object.entry.links);
        EXPECT_TRUE(found->second.content == as_read(object)) << object.entry.path;
      }
    }
    EXPECT_EQ(sink.finished().size(), objects);
  }
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(Extraction, ReceivesInTheArchivesOrder) {
  const ObjectArchive made = varied_archive();
  std::vector<std::string> received;
  sink_.on_receive = [&](const std::string& path) { received.push_back(path); };

  extract_all(made);

  std::vector<std::string> expected;
  for (const auto& [directory, contents] : made.directories)
    for (const ObjectArchive::Object& object : contents) expected.push_back(object.entry.path);
  EXPECT_EQ(received, expected);
}

TEST_F(Extraction, RefusesWhatContradictsTheEntriesBeforeIt) {
  ObjectArchive made;
  auto& etc = made.directories["/etc"];
  etc.push_back(ObjectArchive::directory("etc"));
  etc.push_back(ObjectArchive::link("etc/out", EntryType::Symlink, "/srv"));
  etc.push_back(ObjectArchive::file("etc/out/planted", content_of(10, 1)));
  etc.push_back(ObjectArchive::file("etc/z", content_of(10, 2)));

  extract_all(made);

  EXPECT_THAT(sink_.paths(), UnorderedElementsAre("etc", "etc/out", "etc/z"));
  EXPECT_THAT(told(Trouble::Kind::Refused),
              ElementsAre("etc/out/planted: etc/out, which it lies below, is no directory"));
}

TEST_F(Extraction, FinishesAHardLinkAfterAllBeforeIt) {
  ObjectArchive made;
  auto& srv = made.directories["/srv"];
  for (std::uint32_t i = 0; i < 200; ++i) {
    srv.push_back(ObjectArchive::file(fmt::format("srv/{:03}-a", i), content_of(700'000, i)));
    srv.back().entry.links = 2;
    srv.push_back(ObjectArchive::link(fmt::format("srv/{:03}-b", i), EntryType::Hardlink, srv.back().entry.path));
  }
  std::vector<std::string> early;
  sink_.on_finish = [&](const archive::Entry& entry) {
    if (entry.type == EntryType::Hardlink && !sink_.finished().contains(entry.target)) early.push_back(entry.path);
  };

  extract_all(made);

  EXPECT_THAT(early, IsEmpty());
  EXPECT_EQ(sink_.finished().size(), 400U);
}

TEST_F(Extraction, TakesOutWhatIsSelectedAlone) {
  order_.selection.paths = {"home/a", "etc/link", "etc/file-10"};

  extract_all(varied_archive());

  EXPECT_THAT(sink_.paths(), ElementsAre("etc/link", "home/a"));
  EXPECT_THAT(told(Trouble::Kind::Failed), ElementsAre("etc/file-10: it is not in the archive"));
}

TEST_F(Extraction, ReadsLittleMoreThanWhatIsSelected) {
  ObjectArchive made;
  for (std::uint32_t i = 0; i < 60; ++i)
    made.directories["/srv"].push_back(ObjectArchive::file(fmt::format("srv/{:02}", i), content_of(900'000, i)));
  order_.selection.paths = {"srv/05", "srv/06", "srv/50"};

  extract_all(made);

  EXPECT_EQ(sink_.finished().size(), 3U);
  EXPECT_LE(reads_.reads, 4U) << "the tail with the index, and two streams";
  EXPECT_LT(reads_.bytes, 3'200'000U);
}

TEST_F(Extraction, RestoresTheContentUnderTheNameOfALinkWhenOnlyLinksAreSelected) {
  order_.selection.paths = {"home/b", "home/c"};

  extract_all(varied_archive());

  ASSERT_THAT(sink_.paths(), ElementsAre("home/b", "home/c"));
  EXPECT_EQ(sink_.finished().at("home/b").entry.type, EntryType::File);
  EXPECT_TRUE(sink_.finished().at("home/b").content == content_of(100, 3));
  EXPECT_EQ(sink_.finished().at("home/c").entry.type, EntryType::Hardlink);
  EXPECT_EQ(sink_.finished().at("home/c").entry.target, "home/b");
}

TEST_F(Extraction, DoesNotReadWhatTheSinkDoesNotWant) {
  ObjectArchive made;
  for (std::uint32_t i = 0; i < 20; ++i)
    made.directories["/srv"].push_back(ObjectArchive::file(fmt::format("srv/{:02}", i), content_of(900'000, i)));
  sink_.wants_it = [](const archive::Entry& entry) { return entry.path == "srv/07"; };

  extract_all(made);

  EXPECT_THAT(sink_.paths(), ElementsAre("srv/07"));
  EXPECT_LT(reads_.bytes, 1'200'000U);
}

TEST_F(Extraction, StopsAtDamageAndNamesTheObject) {
  EXPECT_THAT([&] { extract_from(damaged(varied_archive(), "etc/big")); },
              fails_with(ErrorKind::Corrupt, "etc/big: the gzip member at byte "));
  EXPECT_FALSE(sink_.finished().contains("etc/big"));
  EXPECT_THAT(sink_.damaged(), IsEmpty());
}

TEST_F(Extraction, GoesOnBehindADamagedLargeFileWhenToldTo) {
  constexpr std::uint64_t kInItsContent = 700;
  order_.keep_going = true;

  extract_from(damaged(varied_archive(), "etc/big", kInItsContent));

  EXPECT_THAT(told(Trouble::Kind::Damaged), ElementsAre(testing::StartsWith("etc/big: the gzip member at byte ")));
  EXPECT_FALSE(sink_.finished().contains("etc/big"));
  EXPECT_EQ(sink_.finished().size(), 409U - 1);
}

TEST_F(Extraction, NamesEachLostObjectOfADamagedMember) {
  order_.keep_going = true;

  extract_from(damaged(varied_archive(), "home/a"));

  EXPECT_THAT(told(Trouble::Kind::Damaged),
              ElementsAre(damaged_line("home/b", "cannot be inflated"), damaged_line("home/c", "cannot be inflated")));
  EXPECT_THAT(sink_.paths(), testing::IsSupersetOf({"home", "home/a", "etc/sparse"}));
}

/// Fifty files of 1 KB of text and other objects, all in one member.
ObjectArchive archive_of_one_member() {
  ObjectArchive made;
  auto& etc = made.directories["/etc"];
  etc.push_back(ObjectArchive::directory("etc"));
  for (std::uint32_t i = 0; i < 50; ++i) {
    std::vector<std::byte> content = content_of(1'000, i);
    for (std::byte& byte : content) byte = (byte & std::byte{0x0F}) | std::byte{0x40};
    etc.push_back(ObjectArchive::file(fmt::format("etc/file-{:02}", i), std::move(content)));
  }
  etc.push_back(ObjectArchive::file("etc/x-empty", {}));
  etc.push_back(ObjectArchive::link("etc/y-link", EntryType::Symlink, "file-00"));
  etc.push_back(ObjectArchive::directory("etc/z"));
  return made;
}

TEST_F(Extraction, GetsWhatIsWholeOutOfAMemberThatIsDamagedAnywhere) {
  const ObjectArchive made = archive_of_one_member();
  const auto bytes = made.build();
  archive::ArchiveReader archive(bytes);
  const archive::ZipPlace place = archive.span_of(*archive.find("etc/z"));
  const std::size_t objects = made.directories.at("/etc").size();
  order_.keep_going = true;
  std::size_t lost = 0;
  std::size_t tries = 0;
  for (std::uint64_t offset = 0; offset < place.length; offset += offset < 24 ? 1 : 97) {
    std::vector<std::byte> changed = bytes->all();
    changed[place.offset + offset] ^= std::byte{1} << offset % 8;
    told_.clear();
    test::MemorySink sink;
    archive::ArchiveReader damaged(std::make_shared<MemoryRange>(std::move(changed)));

    extract(damaged, order_, sink, {.troubles = troubles_, .progress = progress_});

    for (const ObjectArchive::Object& object : made.directories.at("/etc")) {
      const auto found = sink.finished().find(object.entry.path);
      if (found == sink.finished().end()) continue;
      EXPECT_TRUE(found->second.content == as_read(object)) << object.entry.path << ", damage at " << offset;
      EXPECT_EQ(found->second.entry.mode, object.entry.mode);
      EXPECT_EQ(found->second.entry.target, object.entry.target);
    }
    const auto told_lost = static_cast<std::size_t>(
        std::count_if(told_.begin(), told_.end(), [](const Trouble& trouble) { return !trouble.path.empty(); }));
    EXPECT_EQ(sink.finished().size() + told_lost, objects) << "damage at " << offset;
    lost += told_lost;
    ++tries;
  }
  EXPECT_LT(lost, tries * objects / 4) << "of " << tries << " times " << objects << " objects";
}

TEST_F(Extraction, TakesNoObjectOutOfADamagedMemberThatTheIndexDoesNotVouchFor) {
  ObjectArchive made = archive_of_one_member();
  made.change_tar_entry = [](archive::Entry& entry) {
    if (entry.path == "etc/z" || entry.path == "etc/x-empty" || entry.path == "etc/file-07") entry.mode ^= 022;
  };
  const auto bytes = made.build();
  archive::ArchiveReader archive(bytes);
  const archive::ZipPlace place = archive.span_of(*archive.find("etc/z"));
  std::vector<std::byte> changed = bytes->all();
  changed[place.offset + place.length - 8] ^= std::byte{1};  // Its CRC.
  order_.keep_going = true;

  extract_from(std::make_shared<MemoryRange>(std::move(changed)));

  const std::string why = fmt::format(
      "the gzip member at byte {} of the archive: a gzip member has another CRC than it says", place.offset);
  EXPECT_THAT(told(Trouble::Kind::Damaged), ElementsAre("etc/file-07: " + why, "etc/x-empty: " + why, "etc/z: " + why));
  EXPECT_EQ(sink_.finished().size(), 51U);
}

TEST_F(Extraction, StopsAtADamagedMemberEvenIfAllInItIsWhole) {
  const auto bytes = archive_of_one_member().build();
  archive::ArchiveReader archive(bytes);
  const archive::ZipPlace place = archive.span_of(*archive.find("etc/z"));
  std::vector<std::byte> changed = bytes->all();
  changed[place.offset + place.length - 8] ^= std::byte{1};  // Its CRC.
  const auto damaged = std::make_shared<MemoryRange>(std::move(changed));

  EXPECT_THAT([&] { extract_from(damaged); }, fails_with(ErrorKind::Corrupt, "has another CRC than it says"));
  EXPECT_THAT(sink_.paths(), IsEmpty());
}

TEST_F(Extraction, RefusesContentThatIsNotWhatWasBackedUp) {
  ObjectArchive made = varied_archive();
  made.change_content = [](std::vector<std::byte>& content) {
    if (content.size() == 100) content[50] ^= std::byte{1};
  };
  order_.keep_going = true;

  extract_all(made);

  EXPECT_THAT(told(Trouble::Kind::Damaged), ElementsAre(testing::HasSubstr("home/a: its content is not what was")));
  EXPECT_THAT(told(Trouble::Kind::Failed), testing::Each(testing::HasSubstr("the content that it is a hard link to")));
  EXPECT_EQ(told(Trouble::Kind::Failed).size(), 2U);
  EXPECT_THAT(sink_.paths(), Contains("home"));
}

TEST_F(Extraction, RefusesALargeFileWhoseContentIsAnother) {
  ObjectArchive made = varied_archive();
  made.change_content = [](std::vector<std::byte>& content) {
    if (content.size() == 5'300'000) content[4'000'000] ^= std::byte{1};
  };

  EXPECT_THAT([&] { extract_all(made); },
              fails_with(ErrorKind::Corrupt, "etc/big: its content is not what was backed"));
}

TEST_F(Extraction, RefusesATarThatIsNotWhatTheIndexSays) {
  const std::vector<std::pair<std::function<void(archive::Entry&)>, std::string>> lies = {
      {[](archive::Entry& entry) { entry.path = "etc/shadow"; }, "the tar has etc/shadow where the index"},
      {[](archive::Entry& entry) { entry.type = EntryType::Fifo; }, "the tar has an object of another type"},
      {[](archive::Entry& entry) { entry.size -= 1; }, "bytes in the tar"}};
  for (const auto& [lie, message] : lies) {
    ObjectArchive made = varied_archive();
    made.change_tar_entry = [&lie = lie](archive::Entry& entry) {
      if (entry.path == "etc/file-007") lie(entry);
    };
    EXPECT_THAT([&] { extract_all(made); }, fails_with(ErrorKind::Corrupt, message));
    EXPECT_FALSE(sink_.finished().contains("etc/shadow"));
  }
}

TEST_F(Extraction, RefusesPlacesThatAreNotInOrder) {
  ObjectArchive made = varied_archive();
  made.change_place = [](archive::Placement& place) {
    if (place.skip > 100'000) place.skip = 512;
  };

  EXPECT_THAT([&] { extract_all(made); }, fails_with(ErrorKind::Corrupt, "lies before what comes ahead of it"));
}

TEST_F(Extraction, ReadsOnceAgainForSpansThatOverlap) {
  ObjectArchive made;
  for (int i = 10; i < 30; ++i)
    made.directories["/etc"].push_back(
        ObjectArchive::file("etc/" + std::to_string(i), test::random_bytes({.size = 1'100'000, .seed = 1})));
  std::uint64_t end = 0;
  made.change_place = [&](const archive::Placement& place) { end = place.member + place.span; };
  made.build();
  made.change_place = [&](archive::Placement& place) { place.span = end - place.member; };
  order_.keep_going = true;

  const auto archive = made.build();
  extract_from(archive);

  EXPECT_THAT(told(Trouble::Kind::Damaged),
              Contains(testing::HasSubstr(": the index says that it lies inside of what comes ahead of it")));
  EXPECT_LE(reads_.bytes, 6 * archive->size()) << "what is damaged is read thrice";
}

TEST_F(Extraction, RefusesAHardLinkToWhatDoesNotComeBeforeIt) {
  ObjectArchive made;
  made.directories["/etc"] = {ObjectArchive::link("etc/a", EntryType::Hardlink, "etc/z"),
                              ObjectArchive::file("etc/z", {})};

  extract_all(made);

  EXPECT_THAT(told(Trouble::Kind::Refused),
              ElementsAre("etc/a: it is a hard link to etc/z, which does not come before it"));
  EXPECT_THAT(sink_.paths(), ElementsAre("etc/z"));
}

TEST_F(Extraction, NamesWhatIsNotInOrderAndGoesOnWhenToldTo) {
  ObjectArchive made = varied_archive();
  std::uint64_t lines = 0;
  made.change_place = [&](archive::Placement& place) {
    if (++lines == 100) place.skip = 512;
  };
  order_.keep_going = true;

  extract_all(made);

  EXPECT_EQ(sink_.finished().size(), 409U - 1);
  EXPECT_THAT(told(Trouble::Kind::Damaged), ElementsAre(testing::HasSubstr("lies before what comes ahead of it")));
}

TEST_F(Extraction, TellsWhatTheSinkCouldNotTakeAndGoesOn) {
  sink_.on_receive = [](const std::string& path) {
    if (path == "etc/file-003") throw Error(ErrorKind::Denied, "open it: Permission denied");
  };
  sink_.on_write = [](const std::string& path) {
    if (path == "etc/file-004" || path == "etc/big") throw Error(ErrorKind::Internal, "write it: no");
  };

  extract_all(varied_archive());

  EXPECT_THAT(told(Trouble::Kind::Failed),
              testing::UnorderedElementsAre("etc/file-003: open it: Permission denied", "etc/file-004: write it: no",
                                            "etc/big: write it: no"));
  EXPECT_EQ(sink_.finished().size(), 409U - 3);
  EXPECT_EQ(progress_.troubles, 3U);
}

TEST_F(Extraction, GoesOnBehindALargeFileThatTheSinkDoesNotTake) {
  sink_.on_receive = [](const std::string& path) {
    if (path == "etc/big") throw Error(ErrorKind::Refused, "it leads out of the target");
  };

  extract_all(varied_archive());

  EXPECT_THAT(told(Trouble::Kind::Refused), ElementsAre("etc/big: it leads out of the target"));
  EXPECT_EQ(sink_.finished().size(), 409U - 1);
}

TEST_F(Extraction, EndsWhenThereIsNoSpace) {
  sink_.on_write = [](const std::string& path) {
    if (path == "etc/file-100") throw Error(ErrorKind::NoSpace, "write it: No space left on device");
  };

  EXPECT_THAT([&] { extract_all(varied_archive()); },
              fails_with(ErrorKind::NoSpace, "etc/file-100: write it: No space left"));
}

TEST_F(Extraction, EndsWhenItIsStopped) {
  std::stop_source stop;
  order_.stop = stop.get_token();
  sink_.on_finish = [&](const archive::Entry& entry) {
    if (entry.path == "etc/file-000") stop.request_stop();
  };

  EXPECT_THAT([&] { extract_all(varied_archive()); }, fails_with(ErrorKind::Cancelled, "stopped"));
}

TEST_F(Extraction, IsStoppedAlsoWhileNothingIsWanted) {
  std::stop_source stop;
  order_.stop = stop.get_token();
  order_.selection.include = PathPatterns({PathPattern("no-such-name")});
  stop.request_stop();

  EXPECT_THAT([&] { extract_all(varied_archive()); }, fails_with(ErrorKind::Cancelled, "stopped"));
}

TEST_F(Extraction, CountsWhatIsDone) {
  const ObjectArchive made = varied_archive();

  extract_all(made);

  EXPECT_EQ(progress_.objects, 409U);
  std::uint64_t bytes = 0;
  for (const auto& [directory, contents] : made.directories)
    for (const ObjectArchive::Object& object : contents)
      if (object.entry.type == EntryType::File) bytes += object.entry.size;
  EXPECT_EQ(progress_.bytes, bytes);
}

}  // namespace
}  // namespace osbackup::restore
