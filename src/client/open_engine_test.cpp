#include "client/open_engine.hpp"

#include <gtest/gtest.h>

namespace osbackup::client {
namespace {

using config::ArchiveSettings;

TEST(OpenEngineTest, OnlyWhatLiesOnTheDiskNeedsSpaceThere) {
  using Engine = ArchiveSettings::Engine;
  using SpoolPlace = ArchiveSettings::SpoolPlace;

  EXPECT_EQ(bytes_on_disk({.engine = Engine::Native, .spool = SpoolPlace::Disk}, 100), 100U);
  EXPECT_EQ(bytes_on_disk({.engine = Engine::Native, .spool = SpoolPlace::Memory}, 100), 0U);
  EXPECT_EQ(bytes_on_disk({.engine = Engine::Commands, .spool = SpoolPlace::Disk}, 100), 200U);
  EXPECT_EQ(bytes_on_disk({.engine = Engine::Commands, .spool = SpoolPlace::Memory}, 100), 200U);
}

TEST(OpenEngineTest, TheSpoolIsWhereTheConfigurationSays) {
  config::ClientConfig config;
  EXPECT_EQ(open_spool(config, "/run-1")->file(), "/run-1/archive.zip");

  config.archive.spool = ArchiveSettings::SpoolPlace::Memory;
  EXPECT_EQ(open_spool(config, "/run-1")->file(), std::nullopt);
}

}  // namespace
}  // namespace osbackup::client
