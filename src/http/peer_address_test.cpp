#include "http/peer_address.hpp"

#include <gtest/gtest.h>

namespace osbackup::http {
namespace {

std::string text_of(const char* address) { return peer_text(boost::asio::ip::make_address(address)); }

TEST(PeerAddress, IsTheAddressAsText) {
  EXPECT_EQ(text_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(text_of("2001:db8::1"), "2001:db8::1");
}

TEST(PeerAddress, AnIpv4AddressMappedIntoIpv6IsShownAsIpv4) { EXPECT_EQ(text_of("::ffff:192.0.2.1"), "192.0.2.1"); }

TEST(PeerAddress, TheZoneOfALinkLocalAddressIsLeftOut) { EXPECT_EQ(text_of("fe80::1%1"), "fe80::1"); }

}  // namespace
}  // namespace osbackup::http
