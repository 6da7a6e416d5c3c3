#include "backup/host_state.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "support/temporary_folder.hpp"

namespace osbackup::backup {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(HostState, RemembersAcrossRuns) {
  const test::TemporaryFolder folder;
  {
    HostState state(folder.path());
    state.remember_temporary_name("a.part");
    state.remember_temporary_name("b.part");
    state.forget_temporary_name("a.part");
    state.set_last_archive("/etc", 12345);
  }

  const HostState state(folder.path());

  EXPECT_THAT(state.temporary_names(), ElementsAre("b.part"));
  EXPECT_EQ(state.last_archive_bytes("/etc"), 12345U);
  EXPECT_EQ(state.last_archive_bytes("/etc,/home"), 0U);
}

TEST(HostState, SetsAsideAFileThatItCannotRead) {
  for (const char* text : {"", "{", "[]", R"({"temporary_names": 1})", R"({"last_archive_bytes": -1})"}) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.path() / "state.json") << text;

    const HostState state(folder.path());

    EXPECT_TRUE(state.set_aside()) << text;
    EXPECT_THAT(state.temporary_names(), IsEmpty());
    EXPECT_TRUE(std::filesystem::exists(folder.path() / "state.json.unreadable"));
  }
}

TEST(HostState, ForgetsTheOldestNamesWhenThereAreTooMany) {
  const test::TemporaryFolder folder;
  HostState state(folder.path());

  for (int i = 0; i < 150; ++i) state.remember_temporary_name(std::to_string(i));

  EXPECT_EQ(state.temporary_names().size(), 100U);
  EXPECT_EQ(state.temporary_names().front(), "50");
}

}  // namespace
}  // namespace osbackup::backup
