#include "storage/server_destination.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "storage/sftp_destination.hpp"
#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"
#include "support/sftp_peer.hpp"
#include "support/tolerated_leaks.hpp"

namespace osbackup::storage {
namespace {

using test::fails_with;
using ::testing::ElementsAre;

transport::SftpSettings settings_for(const test::SftpPeer& peer) {
  return {.host = "127.0.0.1",
          .port = peer.port(),
          .user = peer.user(),
          .password = Secret(peer.password()),
          .known_hosts = peer.known_hosts(),
          .known_hosts_place = "/the/known_hosts",
          .timeout = std::chrono::seconds(10)};
}

bool holds(const test::SftpPeer& peer, const std::string& name, std::span<const std::byte> bytes) {
  const std::string text = test::text_of(peer.root() / name);
  return std::ranges::equal(std::as_bytes(std::span(text)), bytes);
}

TEST(ServerDestination, APasswordIsSaidOrTypedAsTheServerWants) {
  for (const test::SftpLogin login : {test::SftpLogin::Password, test::SftpLogin::KeyboardInteractive}) {
    const test::SftpPeer peer(login);
    std::ofstream(peer.root() / "object") << "content";
    SftpDestination destination(settings_for(peer), "");
    EXPECT_THAT(destination.list(""), ElementsAre(ObjectInfo{"object", 7}));

    transport::SftpSettings wrong = settings_for(peer);
    wrong.password = Secret("hunter2");
    SftpDestination stranger(wrong, "");
    EXPECT_THAT([&] { stranger.list(""); }, fails_with(ErrorKind::LoginRefused, "check [Ftp] user and password"));
  }
}

TEST(ServerDestination, NamesThatLeadElsewhereAreNotListed) {
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::Evil);
  std::ofstream(peer.root() / "object") << "content";
  SftpDestination destination(settings_for(peer), "");

  EXPECT_THAT(destination.list(""), ElementsAre(ObjectInfo{"huge", ~std::uint64_t{0}}, ObjectInfo{"object", 7}));
}

TEST(ServerDestination, AServerThatTellsNoModesIsAskedForThem) {
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::TellsNoModes);
  std::ofstream(peer.root() / "object") << "content";
  std::filesystem::create_directory(peer.root() / "directory");
  SftpDestination destination(settings_for(peer), "");

  EXPECT_THAT(destination.list(""), ElementsAre(ObjectInfo{"object", 7}));
}

TEST(ServerDestination, AServerThatGivesLessThanItHasIsNotBelieved) {
  const test::ToleratedLeaks tolerated;  // libssh2 1.10 loses the packet that it does not believe.
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::Evil);
  std::ofstream(peer.root() / "object") << std::string(100'000, 'x');
  SftpDestination destination(settings_for(peer), "");

  std::vector<std::byte> out(100'000);
  EXPECT_THAT([&] { destination.read("object", 0, out); }, fails_with(ErrorKind::Unavailable, "read object"));
}

TEST(ServerDestination, AnAnswerThatIsNotUnderstoodIsNotTheRefusalBeforeIt) {
  const test::ToleratedLeaks tolerated;  // libssh2 1.10 loses the packet that it does not believe.
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::Evil);
  std::ofstream(peer.root() / "object") << std::string(100'000, 'x');
  SftpDestination destination(settings_for(peer), "");
  destination.remove("missing");

  std::vector<std::byte> out(100'000);
  EXPECT_THAT([&] { destination.read("object", 0, out); }, fails_with(ErrorKind::Unavailable, "read object"));
}

TEST(ServerDestination, WhatLiesBehindAWriteThatWasRefusedOrLostIsSentAgain) {
  for (const test::SftpManners manners : {test::SftpManners::RefusesOneWrite, test::SftpManners::LosesOneWrite}) {
    const test::SftpPeer peer(test::SftpLogin::Password, manners);
    SftpDestination destination(settings_for(peer), "");
    const std::vector<std::byte> bytes = test::random_bytes({.size = 3'000'000, .seed = 1});
    const std::unique_ptr<Upload> upload = destination.begin("object.part");
    EXPECT_THAT([&] { upload->append(bytes); }, fails_with(ErrorKind::Unavailable, "upload object.part"));

    upload->append(std::span(bytes).subspan(upload->stored()));
    EXPECT_EQ(upload->stored(), bytes.size());
    upload->commit("object");

    EXPECT_TRUE(holds(peer, "object", bytes));
  }
}

TEST(ServerDestination, AFileWhoseEndTheServerRefusedIsSentAgain) {
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::RefusesOneClose);
  SftpDestination destination(settings_for(peer), "");
  const std::vector<std::byte> bytes = test::random_bytes({.size = 1'000'000, .seed = 1});
  const std::unique_ptr<Upload> upload = destination.begin("object.part");
  upload->append(bytes);
  EXPECT_THAT([&] { upload->stored(); }, fails_with(ErrorKind::Unavailable, "upload object.part"));

  upload->append(std::span(bytes).subspan(upload->stored()));
  EXPECT_EQ(upload->stored(), bytes.size());
  upload->commit("object");

  EXPECT_TRUE(holds(peer, "object", bytes));
}

TEST(ServerDestination, AnAnswerThatStopsInTheMiddleIsGivenUpInTime) {
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::StopsInMidPacket);
  transport::SftpSettings impatient = settings_for(peer);
  impatient.timeout = std::chrono::seconds(1);
  SftpDestination destination(impatient, "");
  const std::unique_ptr<Upload> upload = destination.begin("object.part");

  EXPECT_THAT([&] { upload->stored(); },
              fails_with(ErrorKind::Unavailable, "object.part: the server has not answered for 1 s"));
  EXPECT_EQ(upload->stored(), 0U);
}

TEST(ServerDestination, AStopWaitsForAServerThatIsAboutToMakeTheFile) {
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::SlowToMake);
  std::stop_source stop;
  SftpDestination destination(settings_for(peer), "", stop.get_token());
  const std::filesystem::path sign = peer.root() / "about to make";
  const std::jthread stopper([&](const std::stop_token& over) {
    while (!over.stop_requested() && !std::filesystem::exists(sign)) std::this_thread::yield();
    stop.request_stop();
  });

  std::unique_ptr<Upload> upload = destination.begin("object.part");
  EXPECT_THAT([&] { upload->append(std::vector<std::byte>(10)); }, fails_with(ErrorKind::Cancelled, "stopped"));
  upload.reset();

  EXPECT_TRUE(std::filesystem::remove(sign));
  EXPECT_TRUE(std::filesystem::is_empty(peer.root()));
}

TEST(ServerDestination, AServerThatRefusesSftpAndDoesNotEndTheChannelIsGivenUpInTime) {
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::RefusesSftpAndStays);
  transport::SftpSettings impatient = settings_for(peer);
  impatient.timeout = std::chrono::seconds(1);
  SftpDestination destination(impatient, "");

  EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Unavailable, "the server has not answered for 1 s"));
}

TEST(ServerDestination, WhatWasNotAskedForIsNotCollected) {
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::Floods);
  SftpDestination destination(settings_for(peer), "");
  const std::unique_ptr<Upload> upload = destination.begin("object.part");

  EXPECT_THAT([&] { upload->stored(); },
              fails_with(ErrorKind::Unavailable, "object.part: the server sends far more than it was asked for"));
  EXPECT_EQ(upload->stored(), 0U);
}

TEST(ServerDestination, AConnectionThatBreaksBeforeTheLoginIsAnsweredIsNoRefusal) {
  for (const test::SftpLogin login : {test::SftpLogin::Password, test::SftpLogin::KeyboardInteractive}) {
    const test::SftpPeer peer(login, test::SftpManners::HangsUpAtLogin);
    SftpDestination destination(settings_for(peer), "");

    EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Unavailable, "log in to 127.0.0.1 as agent"));
  }
}

TEST(ServerDestination, AConnectionThatBreaksBeforeSftpBeginsIsNoRefusal) {
  const test::SftpPeer peer(test::SftpLogin::Password, test::SftpManners::HangsUpBeforeSftp);
  SftpDestination destination(settings_for(peer), "");

  EXPECT_THAT([&] { destination.list(""); }, fails_with(ErrorKind::Unavailable, "log in to 127.0.0.1 as agent"));
}

}  // namespace
}  // namespace osbackup::storage
