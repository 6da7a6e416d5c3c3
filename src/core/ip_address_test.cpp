#include "core/ip_address.hpp"

#include <gtest/gtest.h>

namespace osbackup {
namespace {

TEST(IpAddress, IsIpv4OrIpv6) {
  for (const std::string text :
       {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1", "2001:DB8::1", "::ffff:192.0.2.1"})
    EXPECT_TRUE(is_ip_address(text)) << text;
}

TEST(IpAddress, HasOneWayToBeWritten) {
  EXPECT_EQ(canonical_address("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical_address("2001:0DB8:0:0::1"), "2001:db8::1");
  EXPECT_EQ(canonical_address("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical_address("fe80::1%eth0"), std::nullopt);
  EXPECT_EQ(canonical_address("unknown"), std::nullopt);
}

TEST(IpAddress, IsNothingElse) {
  for (const std::string text :
       {"", " ", "192.0.2", "192.0.2.1 ", " 192.0.2.1", "192.0.2.256", "192.0.2.1.5", "192.0.2.1:80", "192.0.2.1/24",
        "[::1]", "fe80::1%eth0", ":::", "1::2::3", "localhost", "0x7f.1", "127.1"})
    EXPECT_FALSE(is_ip_address(text)) << text;
  EXPECT_FALSE(is_ip_address(std::string("::1\0x", 5)));
}

}  // namespace
}  // namespace osbackup
