#include "http/connections.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <vector>

#include "http/session.hpp"

namespace osbackup::http {
namespace {

/// Sessions without a peer, which end when they are let go.
class ConnectionsTest : public testing::Test {
 protected:
  std::shared_ptr<Session> session() {
    return std::make_shared<Session>(Socket(boost::asio::make_strand(io_)), context_);
  }

  boost::asio::io_context io_;
  Router router_;
  std::shared_ptr<Connections> connections_ = std::make_shared<Connections>(2);
  std::shared_ptr<const SessionContext> context_ = std::make_shared<const SessionContext>(
      SessionContext{.options = {}, .router = router_, .connections = connections_, .io = {}});
};

TEST_F(ConnectionsTest, OneThatIsBeingRefusedTakesNobodysPlace) {
  std::shared_ptr<Session> first = session();
  const std::shared_ptr<Session> second = session();
  const std::shared_ptr<Session> refused = session();
  EXPECT_EQ(connections_->add(first), Admission::Serve);
  EXPECT_EQ(connections_->add(second), Admission::Serve);
  EXPECT_EQ(connections_->add(refused), Admission::Refuse);

  first.reset();

  const std::shared_ptr<Session> next = session();
  const std::shared_ptr<Session> one_more = session();
  EXPECT_EQ(connections_->add(next), Admission::Serve);
  EXPECT_EQ(connections_->add(one_more), Admission::Refuse);
}

TEST_F(ConnectionsTest, AFloodIsDroppedWithoutAnAnswer) {
  std::vector<std::shared_ptr<Session>> open;
  Admission admission = Admission::Serve;
  while (admission != Admission::Drop && open.size() < 1000) {
    open.push_back(session());
    admission = connections_->add(open.back());
  }
  EXPECT_EQ(admission, Admission::Drop);
  open.pop_back();
  EXPECT_FALSE(connections_->wait_until_none(std::chrono::milliseconds(0)));
  open.clear();
  EXPECT_TRUE(connections_->wait_until_none(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace osbackup::http
