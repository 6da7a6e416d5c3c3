#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "http/connections.hpp"
#include "http/listener.hpp"
#include "http/request_parser.hpp"
#include "http/response_head.hpp"

namespace osbackup::http {

using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Strand>;
using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>, Strand>;

/// What all connections of one listener share. Immutable.
struct SessionContext {
  ListenerOptions options;
  const Router& router;
  std::shared_ptr<Connections> connections;
  std::weak_ptr<boost::asio::io_context> io;  ///< Weak: an answer may come when the listener is gone.
};

/// One connection: reads requests, has them routed, and sends the answers in order. All of it runs on its strand; only
/// start(), answer() and stop_when_idle() may be called from any thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Socket socket, std::shared_ptr<const SessionContext> context);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Serves the connection or refuses it; keeps itself alive until it is over.
  void start();

  /// The answer to the request that is being handled.
  void answer(Response response);

  /// Closes the connection if it waits for a request, otherwise after the next answer.
  void stop_when_idle();

 private:
  template <class T>
  using Task = boost::asio::awaitable<T, Strand>;

  /// What a deadline does when it passes: reading ends, so that an answer can be sent, or the connection is closed.
  enum class Overdue { StopReading, Close };

  Task<void> serve();
  Task<void> refuse_connection();
  Task<bool> serve_request();
  Task<bool> receive(RequestParser& parser);
  Task<bool> read_more();
  Task<Response> handle(Request request);
  Task<bool> send(Response response, Afterwards afterwards);
  Task<void> refuse(const Refusal& refusal);
  Task<bool> write(std::string bytes);
  Task<void> linger();

  void set_deadline(std::chrono::milliseconds duration, Overdue overdue);
  void clear_deadline();
  void close() noexcept;
  void log(const LogLine& log_line, const std::string& text) const;

  Socket socket_;
  Timer timer_;
  std::shared_ptr<const SessionContext> context_;
  std::string peer_;
  std::string path_;   // Of the request at hand, as far as it is known.
  std::string input_;  // Received and not yet parsed.
  std::optional<Response> answer_;
  std::uint64_t deadline_number_ = 0;  // Tells a deadline that was replaced as it passed from the one in force.
  std::uint64_t requests_ = 0;
  bool timed_out_ = false;
  bool idle_ = false;
  bool stopping_ = false;
  bool head_only_ = false;
};

/// The way of one answer back to its connection, from any thread: the first counts, and none at all is a 500.
class Ticket {
 public:
  Ticket(const std::shared_ptr<Session>& session, std::weak_ptr<boost::asio::io_context> io)
      : session_(session), io_(std::move(io)) {}
  ~Ticket();
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void answer(Response response);

 private:
  std::weak_ptr<Session> session_;
  std::weak_ptr<boost::asio::io_context> io_;
  std::atomic<bool> used_ = false;
};

}  // namespace osbackup::http
