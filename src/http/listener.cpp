#include "http/listener.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "http/connections.hpp"
#include "http/session.hpp"

namespace osbackup::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Acceptor = asio::basic_socket_acceptor<tcp, Strand>;

constexpr std::chrono::seconds kStopPatience{5};

// After a failed accept, which is usually a lack of descriptors: time for some to be freed.
constexpr std::chrono::milliseconds kAcceptPause{100};

// A lack of descriptors is told of no more often.
constexpr std::chrono::seconds kWarningPause{1};

[[noreturn]] void fail(const tcp::endpoint& endpoint, const error_code& code) {
  const std::string what =
      fmt::format("listen on {}, port {}: {}", endpoint.address().to_string(), endpoint.port(), code.message());
  if (code == asio::error::address_in_use) {
    throw Error(ErrorKind::Usage, what + "; end the program that uses it, or choose another port");
  }
  if (code == asio::error::access_denied) {
    throw Error(ErrorKind::Denied, what + "; ports below 1024 need root or CAP_NET_BIND_SERVICE");
  }
  throw Error(ErrorKind::Usage, what + "; choose an address of this host");
}

tcp::endpoint endpoint_of(const ListenerOptions& options) {
  error_code malformed;
  const auto address = asio::ip::make_address(options.address, malformed);
  if (malformed) {
    throw Error(ErrorKind::Usage,
                fmt::format("listen on {}, port {}: expected a numeric IPv4 or IPv6 address, such as 0.0.0.0 or ::",
                            options.address, options.port));
  }
  return {address, options.port};
}

void open(Acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code code;
  if (acceptor.open(endpoint.protocol(), code)) fail(endpoint, code);
  if (acceptor.set_option(asio::socket_base::reuse_address(true), code)) fail(endpoint, code);
  if (endpoint.address().is_v6() && acceptor.set_option(asio::ip::v6_only(false), code)) fail(endpoint, code);
  if (acceptor.bind(endpoint, code)) fail(endpoint, code);
  if (acceptor.listen(asio::socket_base::max_listen_connections, code)) fail(endpoint, code);
}

}  // namespace

struct Listener::Impl {
  Impl(ListenerOptions options, const Router& router)
      : io(std::make_shared<asio::io_context>()),
        work(asio::make_work_guard(*io)),
        acceptor(asio::make_strand(*io)),
        connections(std::make_shared<Connections>(options.max_connections)) {
    open(acceptor, endpoint_of(options));
    port = acceptor.local_endpoint().port();
    context = std::make_shared<const SessionContext>(
        SessionContext{.options = std::move(options), .router = router, .connections = connections, .io = io});
  }

  asio::awaitable<void, Strand> accept_all() {
    constexpr auto kAwait = asio::as_tuple_t<asio::use_awaitable_t<Strand>>(asio::use_awaitable_t<Strand>());
    Timer pause(acceptor.get_executor());
    while (acceptor.is_open()) {
      auto [failed, socket] = co_await acceptor.async_accept(asio::make_strand(*io), kAwait);
      if (!failed) {
        std::make_shared<Session>(std::move(socket), context)->start();
      } else if (acceptor.is_open()) {
        warn_of(failed);
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(kAwait);
      }
    }
  }

  void warn_of(const error_code& failed) {
    const auto now = std::chrono::steady_clock::now();
    if (!context->options.log_warning || now - warned_at < kWarningPause) return;
    warned_at = now;
    context->options.log_warning("cannot accept a connection: " + failed.message());
  }

  std::shared_ptr<asio::io_context> io;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  Acceptor acceptor;
  std::uint16_t port = 0;
  std::shared_ptr<Connections> connections;
  std::shared_ptr<const SessionContext> context;
  std::chrono::steady_clock::time_point warned_at;  ///< Of the strand of `acceptor`.
  std::promise<void> accepting_ended;
  std::vector<std::jthread> threads;
};

Listener::Listener(ListenerOptions options, const Router& router)
    : impl_(std::make_unique<Impl>(std::move(options), router)) {
  // An exception here is a lack of memory at best; the process ends rather than serve on one thread less.
  asio::co_spawn(
      impl_->acceptor.get_executor(), [impl = impl_.get()] { return impl->accept_all(); },
      [impl = impl_.get()](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
        impl->accepting_ended.set_value();
      });
  const std::size_t threads = std::max<std::size_t>(impl_->context->options.threads, 1);
  for (std::size_t i = 0; i < threads; ++i) impl_->threads.emplace_back([io = impl_->io.get()] { io->run(); });
}

Listener::~Listener() { stop(); }

std::uint16_t Listener::port() const { return impl_->port; }

void Listener::stop_accepting() {
  if (impl_->threads.empty()) return;
  std::promise<void> closed;
  asio::post(impl_->acceptor.get_executor(), [&] {
    error_code ignored;
    impl_->acceptor.close(ignored);
    closed.set_value();
  });
  closed.get_future().wait();
}

void Listener::stop() {
  if (impl_->threads.empty()) return;
  stop_accepting();
  impl_->connections->stop();
  // A connection that came in the last moment is dropped by now, not left open and unserved.
  impl_->accepting_ended.get_future().wait_for(kStopPatience);
  impl_->connections->wait_until_none(kStopPatience);
  impl_->work.reset();
  impl_->io->stop();
  impl_->threads.clear();
}

}  // namespace osbackup::http
