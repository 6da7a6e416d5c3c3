#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "storage/folder_destination.hpp"
#include "storage/ftp_destination.hpp"
#include "storage/memory_destination.hpp"
#include "storage/sftp_destination.hpp"
#include "support/fails_with.hpp"
#include "support/ftp_server.hpp"
#include "support/random_bytes.hpp"
#include "support/sftp_server.hpp"
#include "support/temporary_folder.hpp"

/// What every Destination promises (storage/destination.hpp), tried with each that there is.
namespace osbackup::storage {
namespace {

using test::fails_with;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A destination with what it stands on: destroyed together, the destination first.
struct Tested {
  std::shared_ptr<void> ground;
  std::unique_ptr<Destination> destination;
};

struct Kind {
  std::string name;
  std::function<Tested()> open;

  /// What a runner shows beside the test's name.
  // GoogleTest gave the function its name.
  friend void PrintTo(const Kind& kind, std::ostream* out) {  // NOLINT(readability-identifier-naming)
    *out << kind.name;
  }
};

Kind in_memory() {
  return {"in_memory", [] { return Tested{nullptr, std::make_unique<MemoryDestination>()}; }};
}

Kind in_folder() {
  return {"in_folder", [] {
            auto folder = std::make_shared<test::TemporaryFolder>();
            auto destination = std::make_unique<FolderDestination>(folder->path() / "made" / "when needed");
            return Tested{folder, std::move(destination)};
          }};
}

Kind on_ftp_server(const std::string& name, const std::string& address) {
  return {name, [address] {
            auto server = std::make_shared<test::FtpServer>(test::FtpServerOptions{.address = address});
            const transport::FtpSettings settings{.host = server->host(),
                                                  .port = server->port(),
                                                  .user = server->user(),
                                                  .password = Secret(server->password())};
            auto destination = std::make_unique<FtpDestination>(settings, "made/when needed");
            return Tested{server, std::move(destination)};
          }};
}

Kind on_sftp_server(const std::string& name, const std::string& address) {
  return {name, [address] {
            auto server = std::make_shared<test::SftpServer>(test::SftpServerOptions{.address = address});
            const transport::SftpSettings settings{.host = server->host(),
                                                   .port = server->port(),
                                                   .user = server->user(),
                                                   .private_key = Secret(server->private_key()),
                                                   .known_hosts = server->known_hosts(),
                                                   .known_hosts_place = "known_hosts"};
            auto destination = std::make_unique<SftpDestination>(settings, "made/when needed");
            return Tested{server, std::move(destination)};
          }};
}

class DestinationContract : public ::testing::TestWithParam<Kind> {
 protected:
  void store(const std::string& name, const std::vector<std::byte>& bytes) {
    const std::unique_ptr<Upload> upload = destination().begin(name + ".part");
    upload->append(bytes);
    upload->commit(name);
  }

  std::vector<std::byte> read(const std::string& name, std::uint64_t offset, std::size_t count) {
    std::vector<std::byte> bytes(count);
    destination().read(name, offset, bytes);
    return bytes;
  }

  /// All of a stream, in pieces of some size.
  std::vector<std::byte> streamed(const std::string& name, std::uint64_t offset, std::uint64_t length,
                                  std::size_t piece_bytes = 10'000) {
    const std::unique_ptr<ByteSource> source = destination().stream(name, offset, length);
    std::vector<std::byte> bytes;
    std::vector<std::byte> piece(piece_bytes);
    for (std::size_t count = piece_bytes; count == piece_bytes;) {
      count = source->read(piece);
      bytes.insert(bytes.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
    }
    EXPECT_EQ(source->read(piece), 0U);
    return bytes;
  }

  std::vector<std::string> names(const std::string& prefix = "") {
    std::vector<std::string> found;
    for (const ObjectInfo& object : destination().list(prefix)) found.push_back(object.name);
    return found;
  }

  Destination& destination() { return *tested_.destination; }

  Tested tested_ = GetParam().open();
  const std::vector<std::byte> content_ = test::random_bytes({.size = 100'000, .seed = 7});
};

TEST_P(DestinationContract, ReadsAnyRangeOfWhatWasStored) {
  store("object", content_);

  for (const auto& [offset, count] : {std::pair{0, 100'000}, {0, 1}, {40'000, 5'000}, {99'999, 1}}) {
    const std::vector<std::byte> expected(content_.begin() + offset, content_.begin() + offset + count);
    EXPECT_EQ(read("object", static_cast<std::uint64_t>(offset), static_cast<std::size_t>(count)), expected) << offset;
  }
  EXPECT_THAT(read("object", 100'000, 0), IsEmpty());
}

TEST_P(DestinationContract, ReadingPastTheEndIsCorrupt) {
  store("object", content_);

  EXPECT_THAT([&] { read("object", 99'999, 2); }, fails_with(ErrorKind::Corrupt, "object"));
  EXPECT_THAT([&] { read("object", 100'000, 1); }, fails_with(ErrorKind::Corrupt, "object"));
  EXPECT_THAT([&] { read("object", 100'001, 0); }, fails_with(ErrorKind::Corrupt, "object"));
  EXPECT_THAT([&] { read("object", ~std::uint64_t{0}, 1); }, fails_with(ErrorKind::Corrupt, "object"));
}

TEST_P(DestinationContract, ReadingWhatIsMissingIsNotFound) {
  EXPECT_THAT([&] { read("missing", 0, 1); }, fails_with(ErrorKind::NotFound, "missing"));
  store("object", content_);
  EXPECT_THAT([&] { read("missing", 0, 1); }, fails_with(ErrorKind::NotFound, "missing"));
  EXPECT_THAT([&] { read("missing", 0, 0); }, fails_with(ErrorKind::NotFound, "missing"));
}

TEST_P(DestinationContract, StreamsAnyPartOfWhatWasStored) {
  store("object", content_);

  for (const auto& [offset, count] :
       {std::pair{0, 100'000}, {0, 1}, {40'000, 50'000}, {90'000, 10'000}, {99'999, 1}, {50'000, 0}, {100'000, 0}}) {
    const std::vector<std::byte> expected(content_.begin() + offset, content_.begin() + offset + count);
    EXPECT_EQ(streamed("object", static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(count)), expected)
        << offset;
  }
}

TEST_P(DestinationContract, AStreamIsReadInPiecesOfAnySize) {
  const std::vector<std::byte> large = test::random_bytes({.size = 3'000'000, .seed = 4});
  store("object", large);

  for (const std::size_t piece_bytes : {777U, 16U << 10U, 1'000'000U, 5'000'000U})
    EXPECT_TRUE(streamed("object", 0, large.size(), piece_bytes) == large) << piece_bytes;
}

TEST_P(DestinationContract, AStreamGoesOnBehindWhatIsSkipped) {
  const std::vector<std::byte> large = test::random_bytes({.size = 3'000'000, .seed = 4});
  store("object", large);
  const std::unique_ptr<ByteSource> source = destination().stream("object", 100, 2'000'000);
  std::vector<std::byte> piece(1'000);

  EXPECT_EQ(source->skip(1'500'000), 1'500'000U);
  EXPECT_EQ(source->read(piece), 1'000U);

  EXPECT_TRUE(std::equal(piece.begin(), piece.end(), large.begin() + 1'500'100));
  EXPECT_EQ(source->skip(1'000'000), 499'000U);
}

TEST_P(DestinationContract, AStreamPastTheEndIsCorrupt) {
  store("object", content_);

  EXPECT_THAT([&] { streamed("object", 0, 100'001); }, fails_with(ErrorKind::Corrupt, "object"));
  EXPECT_THAT([&] { streamed("object", 100'000, 1); }, fails_with(ErrorKind::Corrupt, "object"));
  EXPECT_THAT([&] { streamed("object", 100'001, 0); }, fails_with(ErrorKind::Corrupt, "object"));
  EXPECT_THAT([&] { streamed("object", 5, ~std::uint64_t{0}); }, fails_with(ErrorKind::Corrupt, "object"));
  EXPECT_THAT([&] { streamed("object", ~std::uint64_t{0}, 1); }, fails_with(ErrorKind::Corrupt, "object"));
}

TEST_P(DestinationContract, AStreamOfWhatIsMissingIsNotFound) {
  EXPECT_THAT([&] { streamed("missing", 0, 1); }, fails_with(ErrorKind::NotFound, "missing"));
  store("object", content_);
  EXPECT_THAT([&] { streamed("missing", 0, 1); }, fails_with(ErrorKind::NotFound, "missing"));
  EXPECT_THAT([&] { streamed("missing", 0, 0); }, fails_with(ErrorKind::NotFound, "missing"));
}

TEST_P(DestinationContract, AStreamThatIsGivenUpDisturbsNothing) {
  const std::vector<std::byte> large = test::random_bytes({.size = 9'000'000, .seed = 4});
  store("object", large);
  std::vector<std::byte> piece(100);

  destination().stream("object", 0, large.size());
  destination().stream("object", 0, large.size())->read(piece);
  destination().stream("object", 1'000, 100)->read(piece);

  EXPECT_TRUE(std::equal(piece.begin(), piece.end(), large.begin() + 1'000));
  EXPECT_TRUE(streamed("object", 0, large.size()) == large);
  EXPECT_THAT(names(), ElementsAre("object"));
}

TEST_P(DestinationContract, SeveralStreamsAreReadInTurn) {
  store("object", content_);
  std::vector<std::unique_ptr<ByteSource>> sources;
  for (const std::uint64_t offset : {0U, 10'000U, 20'000U, 30'000U})
    sources.push_back(destination().stream("object", offset, 60'000));
  std::vector<std::byte> piece(20'000);

  for (std::ptrdiff_t round = 0; round < 3; ++round)
    for (std::ptrdiff_t i = 0; i < 4; ++i) {
      EXPECT_EQ(sources[static_cast<std::size_t>(i)]->read(piece), piece.size());
      EXPECT_TRUE(std::equal(piece.begin(), piece.end(), content_.begin() + 10'000 * i + 20'000 * round));
    }
}

TEST_P(DestinationContract, TellsWhatWasRead) {
  store("object", content_);
  const Traffic before = destination().traffic();

  read("object", 99'000, 1'000);
  streamed("object", 0, 100'000);

  const Traffic after = destination().traffic();
  EXPECT_EQ(after.reads - before.reads, 2U);
  EXPECT_EQ(after.bytes_read - before.bytes_read, 101'000U);
}

TEST_P(DestinationContract, WhatAnUploadReadsBackIsTold) {
  const std::unique_ptr<Upload> upload = destination().begin("object.part");
  upload->append(content_);
  upload->stored();
  std::vector<std::byte> end(1'000);

  upload->read(99'000, end);

  EXPECT_EQ(destination().traffic().reads, 1U);
  EXPECT_EQ(destination().traffic().bytes_read, 1'000U);
}

TEST_P(DestinationContract, WritingAndListingReadNothing) {
  store("object", content_);
  names();
  destination().remove("object");

  EXPECT_EQ(destination().traffic().reads, 0U);
  EXPECT_EQ(destination().traffic().bytes_read, 0U);
}

TEST_P(DestinationContract, AnUploadIsInvisibleUntilItIsCommitted) {
  const std::unique_ptr<Upload> upload = destination().begin("object.part");
  upload->append(content_);
  EXPECT_THAT([&] { read("object", 0, 1); }, fails_with(ErrorKind::NotFound, "object"));
  EXPECT_THAT(names("object"), ::testing::Not(::testing::Contains("object")));

  upload->commit("object");

  EXPECT_THAT(names(), ElementsAre("object"));
  EXPECT_EQ(read("object", 0, content_.size()), content_);
}

TEST_P(DestinationContract, AnAbandonedUploadLeavesNothing) {
  std::unique_ptr<Upload> in_flight = destination().begin("in flight.part");
  in_flight->append(content_);
  std::unique_ptr<Upload> at_rest = destination().begin("at rest.part");
  at_rest->append(content_);
  at_rest->stored();

  in_flight.reset();
  at_rest.reset();

  EXPECT_THAT(names(), IsEmpty());
}

TEST_P(DestinationContract, CommitNeverReplacesAnObject) {
  store("object", content_);
  const std::vector<std::byte> other = test::random_bytes({.size = 50'000, .seed = 8});
  const std::unique_ptr<Upload> upload = destination().begin("other.part");
  upload->append(other);

  EXPECT_THAT([&] { upload->commit("object"); }, fails_with(ErrorKind::Exists, "publish object"));
  EXPECT_EQ(read("object", 0, content_.size()), content_);

  upload->commit("object 2");
  EXPECT_EQ(read("object 2", 0, other.size()), other);
  EXPECT_THAT(names(), ElementsAre("object", "object 2"));
}

TEST_P(DestinationContract, BeginReplacesWhatWasLeftUnderTheTemporaryName) {
  store("left.part", content_);

  const std::unique_ptr<Upload> upload = destination().begin("left.part");
  EXPECT_EQ(upload->stored(), 0U);
  upload->append(test::random_bytes({.size = 10, .seed = 1}));
  upload->commit("object");

  EXPECT_THAT(destination().list(""), ElementsAre(ObjectInfo{"object", 10}));
}

TEST_P(DestinationContract, StoredCountsWhatWasAppendedAndTheUploadGoesOn) {
  const std::unique_ptr<Upload> upload = destination().begin("object.part");
  const std::span<const std::byte> all(content_);

  upload->append(all.first(30'000));
  EXPECT_EQ(upload->stored(), 30'000U);
  upload->append(all.subspan(30'000, 1));
  upload->append(all.subspan(30'001));
  EXPECT_EQ(upload->stored(), 100'000U);
  EXPECT_EQ(upload->stored(), 100'000U);
  upload->commit("object");

  EXPECT_EQ(read("object", 0, content_.size()), content_);
}

TEST_P(DestinationContract, WhatWasSentCanBeReadBackBeforeItIsPublished) {
  const std::unique_ptr<Upload> upload = destination().begin("object.part");
  upload->append(content_);
  upload->stored();

  std::vector<std::byte> middle(1'000);
  upload->read(70'000, middle);

  EXPECT_TRUE(std::equal(middle.begin(), middle.end(), content_.begin() + 70'000));
  EXPECT_THAT([&] { upload->read(99'500, middle); }, fails_with(ErrorKind::Corrupt, "object.part"));
}

TEST_P(DestinationContract, RemovesWhatThereIsAndSucceedsWhenThereIsNothing) {
  destination().remove("object");
  store("object", content_);
  destination().remove("other");

  destination().remove("object");

  EXPECT_THAT(names(), IsEmpty());
}

TEST_P(DestinationContract, ListsByPrefixAndSorted) {
  EXPECT_THAT(destination().list(""), IsEmpty());
  for (const char* name : {"b", "ab", "a", "abc"}) store(name, test::random_bytes({.size = 3, .seed = 1}));

  EXPECT_THAT(destination().list("ab"), ElementsAre(ObjectInfo{"ab", 3}, ObjectInfo{"abc", 3}));
  EXPECT_THAT(names(), ElementsAre("a", "ab", "abc", "b"));
  EXPECT_THAT(names("c"), IsEmpty());
}

TEST_P(DestinationContract, OddNamesAreKeptAsTheyAre) {
  const std::vector<std::string> odd = {"host+192.0.2.1+20261123T093000Z.zip",
                                        "a%2Fb%",
                                        "two  words",
                                        "\"quoted' `name`",
                                        "-dash",
                                        "grün 備份",
                                        "semi;type=a",
                                        "star*[x]?{y}",
                                        "back\\slash",
                                        "#hash&and=~$(x)",
                                        std::string(200, 'x')};
  for (const std::string& name : odd) {
    SCOPED_TRACE(name);
    store(name, content_);
    EXPECT_THAT(destination().list(name), ElementsAre(ObjectInfo{name, content_.size()}));
    EXPECT_EQ(read(name, 50'000, 3), std::vector<std::byte>(content_.begin() + 50'000, content_.begin() + 50'003));
    destination().remove(name);
    EXPECT_THAT(names(), IsEmpty());
  }
}

TEST_P(DestinationContract, NamesThatReachElsewhereAreRefused) {
  const std::unique_ptr<Upload> upload = destination().begin("object.part");
  for (const std::string& name : {std::string(), std::string(".."), std::string("a/b"), std::string("/etc/passwd"),
                                  std::string("a\r\nDELE object.part")}) {
    SCOPED_TRACE(name);
    EXPECT_THAT([&] { destination().begin(name); }, fails_with(ErrorKind::Usage, "cannot be the name"));
    EXPECT_THAT([&] { read(name, 0, 1); }, fails_with(ErrorKind::Usage, "cannot be the name"));
    EXPECT_THAT([&] { streamed(name, 0, 1); }, fails_with(ErrorKind::Usage, "cannot be the name"));
    EXPECT_THAT([&] { destination().remove(name); }, fails_with(ErrorKind::Usage, "cannot be the name"));
    EXPECT_THAT([&] { upload->commit(name); }, fails_with(ErrorKind::Usage, "cannot be the name"));
  }
  EXPECT_EQ(upload->stored(), 0U);
}

TEST_P(DestinationContract, AnObjectMayBeEmpty) {
  destination().begin("object.part")->commit("object");

  EXPECT_THAT(destination().list(""), ElementsAre(ObjectInfo{"object", 0}));
  EXPECT_THAT(read("object", 0, 0), IsEmpty());
  EXPECT_THAT(streamed("object", 0, 0), IsEmpty());
}

TEST_P(DestinationContract, SeveralMebibytesInPiecesOfEverySizeArriveUnchanged) {
  const std::vector<std::byte> large = test::random_bytes({.size = 9'000'000, .seed = 3});
  const std::unique_ptr<Upload> upload = destination().begin("large.part");
  std::span<const std::byte> rest(large);
  for (std::size_t piece = 1; !rest.empty(); piece = piece * 3 + 1) {
    const std::size_t count = std::min(piece, rest.size());
    upload->append(rest.first(count));
    upload->append({});
    rest = rest.subspan(count);
  }
  EXPECT_EQ(upload->stored(), large.size());
  upload->commit("large");

  EXPECT_TRUE(read("large", 0, large.size()) == large);
}

TEST_P(DestinationContract, SeveralThreadsUseItAtOnce) {
  constexpr std::size_t kThreads = 4;
  std::vector<std::string> failures(kThreads);
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (std::size_t i = 0; i < kThreads; ++i)
      threads.emplace_back([this, i, &failure = failures[i]] {
        try {
          const std::string name = "object " + std::to_string(i);
          for (unsigned round = 0; round < 3; ++round) {
            const std::vector<std::byte> bytes = test::random_bytes({.size = 20'000, .seed = i});
            store(name, bytes);
            if (read(name, 0, bytes.size()) != bytes) throw Error(ErrorKind::Corrupt, "other bytes");
            if (streamed(name, 0, bytes.size()) != bytes) throw Error(ErrorKind::Corrupt, "other bytes");
            if (names(name).empty()) throw Error(ErrorKind::Corrupt, "not listed");
            destination().remove(name);
          }
        } catch (const Error& error) {
          failure = error.what();
        }
      });
  }
  EXPECT_THAT(failures, ::testing::Each(""));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_P(DestinationContract, OfTwoUploadsThatWantOneNameOneGetsIt) {
  constexpr int kThreads = 4;
  std::atomic<int> published = 0;
  std::atomic<int> refused = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&, i] {
        const std::unique_ptr<Upload> upload = destination().begin("part " + std::to_string(i));
        upload->append(content_);
        upload->stored();
        try {
          upload->commit("object");
          ++published;
        } catch (const Error& error) {
          refused += error.kind() == ErrorKind::Exists ? 1 : 0;
        }
      });
  }
  EXPECT_EQ(published, 1);
  EXPECT_EQ(refused, kThreads - 1);
  EXPECT_THAT(names(), ElementsAre("object"));
}

INSTANTIATE_TEST_SUITE_P(EveryDestination, DestinationContract,
                         ::testing::Values(in_memory(), in_folder(), on_ftp_server("on_ftp_server", "127.0.0.1"),
                                           on_ftp_server("on_ftp_server_ipv6", "::1"),
                                           on_sftp_server("on_sftp_server", "127.0.0.1"),
                                           on_sftp_server("on_sftp_server_ipv6", "::1")),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace osbackup::storage
