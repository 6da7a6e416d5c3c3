#include "transport/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "core/version.hpp"
#include "transport/transfer.hpp"
#include "transport/url.hpp"

namespace osbackup::transport {
namespace {

constexpr std::size_t kHeadersMax = 100;

/// An answer as it comes in.
struct Incoming {
  std::size_t body_bytes_max = HttpClient::kBodyBytesMax;
  HttpResponse response{};
  bool too_long = false;

  static std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* self) noexcept {
    auto& incoming = *static_cast<Incoming*>(self);
    incoming.too_long = incoming.response.body.size() + bytes > incoming.body_bytes_max;
    if (incoming.too_long) return 0;
    incoming.response.body.append(data, bytes);
    return bytes;
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t bytes, void* self) noexcept {
    auto& headers = static_cast<Incoming*>(self)->response.headers;
    const std::string_view line(data, bytes);
    // An interim answer (100) has headers of its own.
    if (line.starts_with("HTTP/")) headers.clear();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || headers.size() >= kHeadersMax) return bytes;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
    headers[name] = short_line(value);
    return bytes;
  }
};

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

struct HttpClient::Connection {
  HttpSettings settings;
  std::string origin;
  Transfer transfer;

  CurlHandle& prepare(const std::string& target, Incoming& incoming);
  HttpResponse run(const std::string& activity, Incoming& incoming);
};

CurlHandle& HttpClient::Connection::prepare(const std::string& target, Incoming& incoming) {
  require_one_line(target, "a URL");
  CurlHandle& handle = transfer.prepare();
  handle.allow_only("http");
  handle.set(CURLOPT_URL, origin + target);
  handle.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  handle.set(CURLOPT_FOLLOWLOCATION, 0L);
  handle.set(CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
  handle.set(CURLOPT_USERAGENT, "osbackup/" + std::string(version()));
  if (!settings.user.empty()) {
    handle.set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    handle.set(CURLOPT_USERNAME, settings.user);
    handle.set(CURLOPT_PASSWORD, settings.password.reveal());
  }
  handle.set(CURLOPT_WRITEFUNCTION, &Incoming::on_body);
  handle.set(CURLOPT_WRITEDATA, static_cast<void*>(&incoming));
  handle.set(CURLOPT_HEADERFUNCTION, &Incoming::on_header);
  handle.set(CURLOPT_HEADERDATA, static_cast<void*>(&incoming));
  return handle;
}

HttpResponse HttpClient::Connection::run(const std::string& activity, Incoming& incoming) {
  transfer.run();
  if (incoming.too_long)
    throw Error(ErrorKind::Corrupt,
                fmt::format("{}: the answer is longer than {} bytes", activity, incoming.body_bytes_max));
  if (transfer.result() != CURLE_OK) throw transfer.failure(activity);
  incoming.response.status = static_cast<int>(transfer.prepared().response_code());
  return std::move(incoming.response);
}

HttpClient::HttpClient(HttpSettings settings, std::stop_token stop) {
  std::string origin = url_origin("http", settings.host, settings.port);
  const TransferLimits limits{.timeout = settings.timeout, .stop = std::move(stop)};
  connection_.reset(new Connection{std::move(settings), std::move(origin), Transfer(limits)});
}

HttpClient::~HttpClient() = default;

HttpResponse HttpClient::get(const std::string& target, std::size_t body_bytes_max) {
  Incoming incoming{.body_bytes_max = body_bytes_max};
  connection_->prepare(target, incoming).set(CURLOPT_HTTPGET, 1L);
  return connection_->run("GET " + connection_->origin + target, incoming);
}

HttpResponse HttpClient::post(const std::string& target, const Body& body) {
  require_one_line(body.content_type, "a Content-Type");
  CurlStrings headers;
  headers.add("Content-Type: " + body.content_type);
  // Empty: libcurl would ask for leave before a long body, which costs a round trip.
  headers.add("Expect:");
  Incoming incoming;
  CurlHandle& handle = connection_->prepare(target, incoming);
  handle.set(CURLOPT_POST, 1L);
  handle.set(CURLOPT_HTTPHEADER, headers.get());
  handle.set_large(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.text.size()));
  handle.set(CURLOPT_POSTFIELDS, body.text);
  return connection_->run("POST " + connection_->origin + target, incoming);
}

}  // namespace osbackup::transport
