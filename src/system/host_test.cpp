#include "system/host.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "core/ip_address.hpp"

namespace osbackup::system {
namespace {

TEST(Host, TellsTheLocalAddressTowardsAnAddress) {
  EXPECT_EQ(local_address_towards("127.0.0.1", 21), "127.0.0.1");
  EXPECT_EQ(local_address_towards("::1", 21), "::1");
}

TEST(Host, TellsSomeAddressWhenTheNameMeansNothing) {
  // No name server is asked for what cannot be a name.
  for (const char* name : {"a b", "1.2.3.4.5.6..", ""}) EXPECT_TRUE(is_ip_address(local_address_towards(name, 21)));
}

TEST(Host, TellsTheKernelsNameForIt) {
  std::array<char, 256> name{};
  ASSERT_EQ(gethostname(name.data(), name.size()), 0);
  EXPECT_EQ(hostname(), name.data());
}

TEST(Host, CountsTheCoresThatThisProcessMayUse) {
  EXPECT_GE(core_count(), 1U);
  EXPECT_LE(core_count(), static_cast<unsigned>(sysconf(_SC_NPROCESSORS_CONF)));
}

TEST(Host, KnowsRoot) { EXPECT_EQ(is_root(), geteuid() == 0); }

}  // namespace
}  // namespace osbackup::system
