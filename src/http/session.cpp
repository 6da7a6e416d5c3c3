#include "http/session.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "http/peer_address.hpp"

namespace osbackup::http {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr unsigned kInternalError = 500;
constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kIdleInputBytesMax = 2 * kReadBytes;  // What an idle connection may keep of its buffer.

// How long a connection that was refused is read on, so that the answer is not lost in a reset.
constexpr std::chrono::seconds kLingerMax{2};

// Why the listener refuses what it does not read to its end. g++ 12 destroys an aggregate that is made inside a
// co_await expression twice, hence the names.
const Refusal kTooMany{.status = 503, .cause = "too many connections"};
const Refusal kTooSlow{.status = 408, .cause = "the request did not come in time"};

constexpr auto kAwait = asio::as_tuple_t<asio::use_awaitable_t<Strand>>(asio::use_awaitable_t<Strand>());

std::string peer_of(const Socket& socket) {
  error_code failed;
  const auto endpoint = socket.remote_endpoint(failed);
  if (failed) return "unknown";
  return peer_text(endpoint.address());
}

}  // namespace

Session::Session(Socket socket, std::shared_ptr<const SessionContext> context)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      context_(std::move(context)),
      peer_(peer_of(socket_)) {}

Session::~Session() { context_->connections->remove(this); }

void Session::start() {
  const Admission admission = context_->connections->add(shared_from_this());
  if (admission == Admission::Drop) return;
  asio::co_spawn(
      socket_.get_executor(),
      [self = shared_from_this(), admission] {
        return admission == Admission::Serve ? self->serve() : self->refuse_connection();
      },
      [self = shared_from_this()](const std::exception_ptr& failure) {
        if (!failure) return;
        try {
          std::rethrow_exception(failure);
        } catch (const std::exception& error) {  // The edge of this connection's task: nobody is above it.
          self->log(self->context_->options.log_debug, fmt::format("connection ended: {}", error.what()));
        }
      });
}

Session::Task<void> Session::serve() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  while (co_await serve_request()) {
  }
  close();
}

Session::Task<void> Session::refuse_connection() {
  co_await refuse(kTooMany);
  close();
}

// Whether another request may follow.
Session::Task<bool> Session::serve_request() {
  RequestParser parser(RequestLimits{.body_bytes_max = context_->options.max_body_bytes});
  path_.clear();
  if (!co_await receive(parser)) co_return false;
  ++requests_;
  const bool keep_alive = parser.keep_alive();
  Request request = parser.take_request();
  request.peer_address = peer_;
  path_ = request.path;
  head_only_ = request.method == "HEAD";

  Response response = co_await handle(std::move(request));
  const Afterwards afterwards = keep_alive && !stopping_ ? Afterwards::KeepOpen : Afterwards::Close;
  if (!co_await send(std::move(response), afterwards)) co_return false;
  if (afterwards == Afterwards::Close && !input_.empty()) co_await linger();
  co_return afterwards == Afterwards::KeepOpen;
}

// Whether a whole request came. If not, what was to be said about it has been said.
Session::Task<bool> Session::receive(RequestParser& parser) {
  if (input_.empty()) {
    const ListenerOptions& options = context_->options;
    set_deadline(requests_ == 0 ? options.request_timeout : options.idle_timeout, Overdue::StopReading);
    if (input_.capacity() > kIdleInputBytesMax) input_.shrink_to_fit();
    idle_ = true;
    const bool came = !stopping_ && co_await read_more();
    idle_ = false;
    if (!came) co_return false;
  }

  set_deadline(context_->options.request_timeout, Overdue::StopReading);
  bool continued = false;
  while (true) {
    input_.erase(0, parser.feed(input_));
    if (parser.refusal()) {
      path_ = parser.path();
      co_await refuse(*parser.refusal());
      co_return false;
    }
    if (parser.done()) co_return true;
    if (!continued && input_.empty() && parser.wants_continue()) {
      continued = true;
      std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      if (!co_await write(std::move(go_on))) co_return false;
    }
    if (!co_await read_more()) {
      path_ = parser.path();
      if (timed_out_) co_await refuse(kTooSlow);
      co_return false;
    }
  }
}

Session::Task<bool> Session::read_more() {
  if (timed_out_) co_return false;
  const std::size_t size = input_.size();
  input_.resize(size + kReadBytes);
  const auto [failed, count] = co_await socket_.async_read_some(asio::buffer(input_.data() + size, kReadBytes), kAwait);
  input_.resize(size + count);
  co_return !failed && !timed_out_;
}

Session::Task<Response> Session::handle(Request request) {
  clear_deadline();
  answer_.reset();
  {
    const auto ticket = std::make_shared<Ticket>(shared_from_this(), context_->io);
    context_->router.route(std::move(request), [ticket](Response response) { ticket->answer(std::move(response)); });
  }
  timer_.expires_at(Timer::time_point::max());
  while (!answer_) co_await timer_.async_wait(kAwait);
  Response response = std::move(*answer_);
  answer_.reset();
  co_return response;
}

Session::Task<bool> Session::send(Response response, Afterwards afterwards) {
  if (!response.cause.empty()) {
    const std::string event = fmt::format("answered {}: {}", response.status, response.cause);
    // A 500 is a fault of the server, which the client is told nothing of.
    log(response.status == kInternalError ? context_->options.log_warning : context_->options.log_debug, event);
    if (context_->options.decorate_error) context_->options.decorate_error(response, path_);
  }
  set_deadline(context_->options.request_timeout, Overdue::Close);
  std::string bytes = response_head(response, afterwards, std::chrono::system_clock::now());
  if (!head_only_) bytes += response.body;
  co_return co_await write(std::move(bytes));
}

Session::Task<void> Session::refuse(const Refusal& refusal) {
  head_only_ = false;
  Response response = error_response(refusal.status, refusal.cause);
  if (!co_await send(std::move(response), Afterwards::Close)) co_return;
  co_await linger();
}

Session::Task<bool> Session::write(std::string bytes) {
  const auto [failed, count] = co_await asio::async_write(socket_, asio::buffer(bytes), kAwait);
  co_return !failed;
}

// A socket that is closed with unread input resets the connection, and the reset may overtake the answer.
Session::Task<void> Session::linger() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  timed_out_ = false;
  set_deadline(kLingerMax, Overdue::StopReading);
  input_.clear();
  idle_ = true;
  while (!stopping_ && co_await read_more()) input_.clear();
}

void Session::answer(Response response) {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this(), response = std::move(response)]() mutable {
    self->answer_ = std::move(response);
    self->timer_.cancel();
  });
}

void Session::stop_when_idle() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    if (self->idle_) self->close();
  });
}

void Session::set_deadline(std::chrono::milliseconds duration, Overdue overdue) {
  const std::uint64_t number = ++deadline_number_;
  timer_.expires_after(duration);
  timer_.async_wait([weak = weak_from_this(), number, overdue](const error_code& cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || self->deadline_number_ != number) return;
    self->timed_out_ = true;
    error_code ignored;
    if (overdue == Overdue::StopReading) {
      self->socket_.cancel(ignored);
    } else {
      self->close();
    }
  });
}

void Session::clear_deadline() {
  ++deadline_number_;
  timer_.cancel();
}

void Session::close() noexcept {
  clear_deadline();
  error_code ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  socket_.close(ignored);
}

void Session::log(const LogLine& log_line, const std::string& text) const {
  if (log_line) log_line(fmt::format("{}: {}", peer_, text));
}

Ticket::~Ticket() {
  if (!used_) answer(error_response(kInternalError, "the handler ended without an answer"));
}

void Ticket::answer(Response response) {
  if (used_.exchange(true)) return;
  const auto io = io_.lock();  // First, so that it outlives the session, whose socket needs it.
  const auto session = session_.lock();
  if (io && session) session->answer(std::move(response));
}

}  // namespace osbackup::http
