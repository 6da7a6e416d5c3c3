#include "restore/file_receiver.hpp"

#include <gmock/gmock.h>
#include <sys/xattr.h>

#include <thread>
#include <vector>

#include "support/fails_with.hpp"
#include "support/sink_test.hpp"

namespace osbackup::restore {
namespace {

using test::FileOf;
using testing::ElementsAre;
using testing::IsEmpty;

class FileReceiverTest : public test::SinkTest {
 protected:
  static void write(Receiver& receiver, std::uint64_t offset, const std::string& content) {
    receiver.write(offset, std::as_bytes(std::span(content)));
  }
  /// A file of this size that is received up to finish().
  std::unique_ptr<Receiver> begun(const std::string& path, std::uint64_t size) {
    archive::Entry entry = FileOf{.path = path}.entry();
    entry.size = size;
    std::unique_ptr<Receiver> receiver = sink().receive(entry);
    receiver->begin(entry);
    return receiver;
  }
};

TEST_F(FileReceiverTest, TakesPiecesInAnyOrderFromManyThreads) {
  constexpr std::size_t kPieces = 64;
  constexpr std::size_t kPieceBytes = 10'000;
  const auto receiver = begun("file", kPieces * kPieceBytes);
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (std::size_t piece = kPieces - 1 - thread; piece < kPieces; piece -= 4)
          write(*receiver, piece * kPieceBytes, std::string(kPieceBytes, static_cast<char>('0' + piece)));
      });
  }
  receiver->finish();

  std::string expected;
  for (std::size_t piece = 0; piece < kPieces; ++piece)
    expected += std::string(kPieceBytes, static_cast<char>('0' + piece));
  EXPECT_EQ(content_of("file"), expected);
  EXPECT_EQ(sink().counts().content_bytes, kPieces * kPieceBytes);
}

TEST_F(FileReceiverTest, LeavesHolesWhereNothingIsWritten) {
  constexpr std::uint64_t kSize = 64U << 20U;
  const auto receiver = begun("sparse", kSize);
  write(*receiver, 1U << 20U, "data");
  receiver->finish();

  const struct stat status = status_of("sparse");
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), kSize);
  EXPECT_LT(status.st_blocks * 512, 1 << 20);
  EXPECT_EQ(content_of("sparse").substr(1U << 20U, 8), std::string("data\0\0\0\0", 8));
}

TEST_F(FileReceiverTest, HasNothingOfWhatItForgets) {
  const auto receiver = begun("file", 10);
  write(*receiver, 0, "forgotten");
  receiver->forget_content();
  write(*receiver, 2, "new");
  receiver->finish();

  EXPECT_EQ(content_of("file"), std::string("\0\0new\0\0\0\0\0", 10));

  const auto hole = begun("hole", 10);
  write(*hole, 0, "forgotten!");
  hole->forget_content();
  hole->finish();
  EXPECT_EQ(content_of("hole"), std::string(10, '\0'));
}

TEST_F(FileReceiverTest, MakesAFileOfNothingButAHole) {
  begun("hole", 12'345)->finish();
  EXPECT_EQ(content_of("hole"), std::string(12'345, '\0'));
}

TEST_F(FileReceiverTest, HasZerosInItsHolesWhateverWasThere) {
  there("file", std::string(100, 'x'));
  const auto receiver = begun("file", 50);
  write(*receiver, 20, "new");
  receiver->finish();

  EXPECT_EQ(content_of("file"), std::string(20, '\0') + "new" + std::string(27, '\0'));
}

TEST_F(FileReceiverTest, KeepsADamagedFileBesideItsName) {
  const auto receiver = begun("d/file", 10);
  write(*receiver, 2, "rest");

  EXPECT_EQ(receiver->keep_damaged(10), "d/file.damaged");
  EXPECT_EQ(content_of("d/file.damaged"), std::string("\0\0rest\0\0\0\0", 10));
  EXPECT_EQ(status_of("d/file.damaged").st_mtime, 1'700'000'000);
  EXPECT_THAT(names_in(at("d")), ElementsAre("file.damaged"));
  EXPECT_EQ(finish(), (SinkCounts{.kept_in_part = 1}));
}

TEST_F(FileReceiverTest, HasHolesForWhatIsNotRightInADamagedFile) {
  const auto receiver = begun("file", 10);
  write(*receiver, 0, "right");
  write(*receiver, 5, "wrong");
  receiver->keep_damaged(5);

  EXPECT_EQ(content_of("file.damaged"), std::string("right\0\0\0\0\0", 10));
}

TEST_F(FileReceiverTest, KeepsADamagedFileAndWhatIsThereUnderItsName) {
  there("file", "old");
  begun("file", 3)->keep_damaged(3);

  EXPECT_EQ(content_of("file"), "old");
  EXPECT_THAT(names_in(options_.target), ElementsAre("file", "file.damaged"));
}

TEST_F(FileReceiverTest, TakesNobodysNameForADamagedFile) {
  there("file.damaged", "old");
  there_link("file.damaged.2", outside() / "file");
  there_directory("file.damaged.3");

  EXPECT_EQ(begun("file", 3)->keep_damaged(3), "file.damaged.4");
  EXPECT_EQ(content_of("file.damaged"), "old");
  EXPECT_FALSE(std::filesystem::exists(outside() / "file"));
}

TEST_F(FileReceiverTest, GivesADamagedFileUpWhenAllNamesAreTaken) {
  there("file.damaged");
  for (int number = 2; number <= 9; ++number) there("file.damaged." + std::to_string(number));
  {
    const auto receiver = begun("file", 3);
    EXPECT_THAT([&] { receiver->keep_damaged(3); },
                test::fails_with(ErrorKind::Exists, "there is something under each name up to file.damaged.9"));
  }
  EXPECT_FALSE(is_there("file"));
  EXPECT_EQ(names_in(options_.target).size(), 9U);
}

TEST_F(FileReceiverTest, CutsTheNameOfADamagedFileBetweenLetters) {
  const std::string name = std::string(246, 'x') + "\u00e4\u00e4\u00e4";

  EXPECT_EQ(begun(name, 3)->keep_damaged(3), std::string(246, 'x') + ".damaged");
}

TEST_F(FileReceiverTest, GivesADamagedFileNoRights) {
  archive::Entry entry = FileOf{.path = "file", .mode = 06755}.entry();
  entry.flags = "i";
  entry.attributes = {
      {.name = "security.capability", .value = std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)},
      {.name = "user.note", .value = "x"}};
  const auto receiver = sink().receive(entry);
  receiver->begin(entry);
  receiver->keep_damaged(entry.size);

  EXPECT_EQ(mode_of("file.damaged"), 0755U);
  EXPECT_LT(lgetxattr(at("file.damaged").c_str(), "security.capability", nullptr, 0), 0);
  EXPECT_EQ(lgetxattr(at("file.damaged").c_str(), "user.note", nullptr, 0), 1);
  EXPECT_TRUE(std::filesystem::remove(at("file.damaged")));
}

TEST_F(FileReceiverTest, RenamesNothingOfOthersAsDamaged) {
  const auto receiver = begun("file", 3);
  std::filesystem::rename(at("file"), at("moved"));
  there("file", "somebody's");

  EXPECT_THAT([&] { receiver->keep_damaged(3); }, test::fails_with(ErrorKind::Refused, "something else got its name"));
  EXPECT_EQ(content_of("file"), "somebody's");
}

TEST_F(FileReceiverTest, DoesNotReplaceADamagedFileThatItKept) {
  begun("file", 3)->keep_damaged(3);
  restore_file({.path = "file.damaged", .content = "of the archive"});

  EXPECT_EQ(content_of("file.damaged"), std::string(3, '\0'));
  EXPECT_THAT(told(), ElementsAre("refused file.damaged: what there is of a damaged file got its name, and is kept"));
}

TEST_F(FileReceiverTest, LeavesNothingBehindWhenItIsGivenUp) {
  {
    const auto receiver = begun("d/file", 100);
    write(*receiver, 0, "half");
    EXPECT_TRUE(is_there("d/file"));
  }
  EXPECT_THAT(names_in(at("d")), IsEmpty());
  EXPECT_EQ(finish().files, 0U);
}

TEST_F(FileReceiverTest, LeavesWhatIsThereAsItWasWhenItIsGivenUp) {
  there("file", "old");
  const struct stat before = status_of("file");
  {
    const auto receiver = begun("file", 100);
    write(*receiver, 0, "half");
    EXPECT_EQ(content_of("file"), "old") << "a file that is replaced is never half written";
  }
  EXPECT_EQ(content_of("file"), "old");
  EXPECT_EQ(status_of("file").st_ino, before.st_ino);
  EXPECT_THAT(names_in(options_.target), ElementsAre("file"));
}

TEST_F(FileReceiverTest, RemovesNothingOfOthersWhenItIsGivenUp) {
  {
    const auto receiver = begun("file", 100);
    std::filesystem::remove(at("file"));
    there("file", "somebody's");
  }
  EXPECT_EQ(content_of("file"), "somebody's");
}

TEST_F(FileReceiverTest, KeepsTheOtherNamesOfWhatItReplaces) {
  there("file", "old");
  std::filesystem::create_hard_link(at("file"), at("other"));
  restore_file({.path = "file", .content = "new"});

  EXPECT_EQ(content_of("file"), "new");
  EXPECT_EQ(content_of("other"), "old");
}

TEST_F(FileReceiverTest, ReplacesAnEmptyDirectory) {
  there_directory("file");
  restore_file({.path = "file", .content = "new"});

  EXPECT_EQ(content_of("file"), "new");
  EXPECT_EQ(finish().replaced, 1U);
}

TEST_F(FileReceiverTest, NeverReplacesADirectoryWithSomethingInIt) {
  there("file/inside", "old");
  restore_file({.path = "file", .content = "new"});

  EXPECT_EQ(content_of("file/inside"), "old");
  EXPECT_THAT(told(), ElementsAre("refused file: a directory is in its place that is not empty, and is kept"));
  EXPECT_THAT(names_in(options_.target), ElementsAre("file"));
}

TEST_F(FileReceiverTest, ReplacesFifosAndLinksWithoutOpeningThem) {
  there_directory("");
  ASSERT_EQ(mkfifo(at("fifo").c_str(), 0600), 0);
  std::ofstream(outside() / "file") << "outside";
  there_link("link", outside() / "file");
  restore_file({.path = "fifo", .content = "new"});
  restore_file({.path = "link", .content = "new"});

  EXPECT_EQ(content_of("fifo"), "new");
  EXPECT_EQ(content_of("link"), "new");
  EXPECT_TRUE(S_ISREG(status_of("link").st_mode));
  std::ifstream untouched(outside() / "file");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(untouched), {}), "outside");
}

TEST_F(FileReceiverTest, ReplacesNothingThatCameMeanwhile) {
  there("file", "old");
  const auto receiver = begun("file", 3);
  write(*receiver, 0, "new");
  // Before it is removed, so that it does not get its inode's number.
  there("somebody's");
  std::filesystem::rename(at("somebody's"), at("file"));

  EXPECT_THAT([&] { receiver->finish(); }, test::fails_with(ErrorKind::Refused, "something else got its name"));
}

TEST_F(FileReceiverTest, IsSeenByItsOwnerAloneUntilItIsWhole) {
  there_directory("");
  archive::Entry entry = FileOf{.path = "secret"}.entry();
  entry.mode = 0640;
  entry.gid = 42;
  const auto receiver = sink().receive(entry);
  receiver->begin(entry);
  EXPECT_EQ(mode_of("secret"), 0600U);
  receiver->finish();
  EXPECT_EQ(mode_of("secret"), 0640U);
}

TEST_F(FileReceiverTest, SaysThatThereIsNoSpace) {
  target_in_memory("size=64k");
  {
    const auto receiver = begun("file", 1U << 20U);
    EXPECT_THAT([&] { write(*receiver, 0, std::string(1U << 20U, 'x')); },
                test::fails_with(ErrorKind::NoSpace, "cannot be written: No space left on device"));
  }
  EXPECT_THAT(names_in(options_.target), IsEmpty());
}

}  // namespace
}  // namespace osbackup::restore
