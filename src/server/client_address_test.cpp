#include "server/client_address.hpp"

#include <gtest/gtest.h>

namespace osbackup::server {
namespace {

std::string address(const std::string& peer, const std::vector<std::string>& forwarded) {
  http::Request request;
  request.peer_address = peer;
  for (const std::string& value : forwarded) request.headers.emplace_back("x-forwarded-for", value);
  return client_address(request, {"10.0.0.1", "10.0.0.2", "2001:DB8::1"});
}

TEST(ClientAddress, IsThePeerWhenNobodyForwarded) { EXPECT_EQ(address("192.0.2.1", {}), "192.0.2.1"); }

TEST(ClientAddress, BelievesNoOneButTheTrustedProxies) {
  EXPECT_EQ(address("192.0.2.1", {"198.51.100.1"}), "192.0.2.1");
  EXPECT_EQ(address("10.0.0.1", {"198.51.100.1"}), "198.51.100.1");
  EXPECT_EQ(address("2001:db8::1", {"198.51.100.1"}), "198.51.100.1");
}

TEST(ClientAddress, TakesTheRightMostThatIsNoProxy) {
  EXPECT_EQ(address("10.0.0.1", {"203.0.113.9, 198.51.100.1 ,10.0.0.2"}), "198.51.100.1");
  EXPECT_EQ(address("10.0.0.1", {"203.0.113.9", "198.51.100.1, 10.0.0.2"}), "198.51.100.1");
  EXPECT_EQ(address("10.0.0.1", {"10.0.0.2"}), "10.0.0.2");
}

TEST(ClientAddress, StopsAtWhatIsNoAddress) {
  EXPECT_EQ(address("10.0.0.1", {"198.51.100.1, unknown"}), "10.0.0.1");
  EXPECT_EQ(address("10.0.0.1", {""}), "10.0.0.1");
  EXPECT_EQ(address("10.0.0.1", {"198.51.100.1,"}), "10.0.0.1");
}

}  // namespace
}  // namespace osbackup::server
