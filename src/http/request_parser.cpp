#include "http/request_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cassert>

#include "core/encoding.hpp"
#include "http/target.hpp"

namespace osbackup::http {

namespace beast_http = boost::beast::http;
using boost::beast::http::field;

namespace {

// The shortest end of a chunked body, "0\r\n\r\n".
constexpr std::size_t kLastChunkBytes = 5;

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

std::string lower_case(boost::beast::string_view view) {
  std::string lower = text(view);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

bool holds_folded_line(std::string_view head) {
  return head.find("\r\n ") != std::string_view::npos || head.find("\r\n\t") != std::string_view::npos;
}

}  // namespace

class RequestParser::Parser {
 public:
  explicit Parser(const RequestLimits& limits) : limits_(limits) {
    parser_.header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
    parser_.body_limit(limits.body_bytes_max);
  }

  std::size_t feed(std::string_view bytes) {
    assert(!done() && !refusal_);
    std::size_t used = 0;
    if (!parser_.is_header_done()) {
      used = feed_head(bytes);
      if (refusal_ || !parser_.is_header_done() || parser_.is_done()) return used;
      parser_.eager(true);
    }
    const std::size_t rest = bytes.size() - used;
    // Beast asserts that many bytes when it comes back to a last chunk that was incomplete. Nothing shorter than them
    // can end a chunked body, so nothing is lost by waiting for them.
    if (rest == 0 || (parser_.chunked() && rest < kLastChunkBytes)) return used;
    used += put(bytes.substr(used));
    if (!refusal_ && !done() && bytes.size() - used > limits_.head_bytes_max) {
      refuse(400, fmt::format("a chunk's head or the trailer is larger than {} bytes", limits_.head_bytes_max));
    }
    return used;
  }

  bool done() const { return parser_.is_done(); }
  bool keep_alive() const { return parser_.keep_alive(); }
  const std::optional<Refusal>& refusal() const { return refusal_; }

  // Beast refuses a body that is announced too long before check_head() has seen the target.
  std::string path() const {
    std::optional<Target> target = parse_target(text(parser_.get().target()));
    return target ? std::move(target->path) : std::string();
  }

  bool wants_continue() const {
    return parser_.is_header_done() && !done() && parser_.get().version() >= 11 &&
           boost::beast::iequals(parser_.get()[field::expect], "100-continue");
  }

  Request take_request() {
    assert(done() && !refusal_);
    request_.body = std::move(parser_.get().body());
    return std::move(request_);
  }

 private:
  std::size_t feed_head(std::string_view bytes) {
    const std::size_t used = put(bytes);
    head_bytes_ += used;
    if (refusal_) return used;
    // Beast limits each read and not their sum, and joins folded lines without a word.
    if (head_bytes_ + (parser_.is_header_done() ? 0 : bytes.size() - used) > limits_.head_bytes_max) {
      refuse(431, fmt::format("the headers are larger than {} bytes", limits_.head_bytes_max));
    } else if (holds_folded_line(bytes.substr(0, used))) {
      refuse(400, "a header line is folded");
    } else if (parser_.is_header_done()) {
      check_head();
    }
    return used;
  }

  std::size_t put(std::string_view bytes) {
    boost::beast::error_code code;
    const std::size_t used = parser_.put(boost::asio::buffer(bytes.data(), bytes.size()), code);
    if (!code || code == beast_http::error::need_more) return used;
    if (code == beast_http::error::body_limit) {
      refuse(413, fmt::format("the body is larger than {} bytes", limits_.body_bytes_max));
    } else if (code == beast_http::error::header_limit) {
      refuse(431, fmt::format("the headers are larger than {} bytes", limits_.head_bytes_max));
    } else {
      refuse(400, "not an HTTP request: " + code.message());
    }
    return used;
  }

  void check_head() {
    const auto& message = parser_.get();
    const std::size_t hosts = message.count(field::host);
    if (message.count(field::content_length) > 1 || message[field::content_length].find(',') != std::string::npos) {
      return refuse(400, "Content-Length is given twice");
    }
    if (message.count(field::transfer_encoding) > 0 &&
        !boost::beast::iequals(message[field::transfer_encoding], "chunked")) {
      return refuse(400, "the transfer coding is not chunked");
    }
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return refuse(400, "there must be one Host header");

    std::optional<Target> target = parse_target(text(message.target()));
    if (!target) return refuse(400, fmt::format("not a request target: {}", printable(text(message.target()), 200)));
    request_.method = text(message.method_string());
    request_.path = std::move(target->path);
    request_.query = std::move(target->query);
    // Taken before the body is read, because a chunked body's trailer is no header.
    for (const auto& header : message) {
      request_.headers.emplace_back(lower_case(header.name_string()), text(header.value()));
    }
  }

  void refuse(unsigned status, std::string cause) { refusal_ = Refusal{.status = status, .cause = std::move(cause)}; }

  RequestLimits limits_;
  beast_http::request_parser<beast_http::string_body> parser_;
  std::size_t head_bytes_ = 0;
  Request request_;
  std::optional<Refusal> refusal_;
};

RequestParser::RequestParser(const RequestLimits& limits) : parser_(std::make_unique<Parser>(limits)) {}
RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed(std::string_view bytes) { return parser_->feed(bytes); }
bool RequestParser::done() const { return parser_->done(); }
const std::optional<Refusal>& RequestParser::refusal() const { return parser_->refusal(); }
std::string RequestParser::path() const { return parser_->path(); }
bool RequestParser::wants_continue() const { return parser_->wants_continue(); }
bool RequestParser::keep_alive() const { return parser_->keep_alive(); }
Request RequestParser::take_request() { return parser_->take_request(); }

}  // namespace osbackup::http
