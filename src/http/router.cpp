#include "http/router.hpp"

#include <fmt/format.h>

#include <cassert>

#include "core/encoding.hpp"

namespace osbackup::http {

void Router::add(std::string method, std::string path, Handler handler) {
  assert(path.starts_with('/'));
  const bool added = handlers_[std::move(path)].emplace(std::move(method), std::move(handler)).second;
  assert(added);
  static_cast<void>(added);
}

void Router::route(Request request, const Respond& respond) const {
  const auto by_method = handlers_.find(request.path);
  if (by_method == handlers_.end()) {
    respond(error_response(404, fmt::format("nothing is served at {}", printable(request.path, 200))));
    return;
  }
  const auto handler = by_method->second.find(request.method);
  if (handler == by_method->second.end()) {
    std::string allowed;
    for (const auto& [method, unused] : by_method->second) allowed += (allowed.empty() ? "" : ", ") + method;
    Response response =
        error_response(405, fmt::format("{} does not take {}", request.path, printable(request.method, 40)));
    response.headers.emplace_back("Allow", std::move(allowed));
    respond(std::move(response));
    return;
  }

  const std::string path = request.path;
  try {
    handler->second(std::move(request), respond);
  } catch (const std::exception& failure) {  // One request's failure, even a bug, does not end the others.
    respond(error_response(500, fmt::format("the handler of {} failed: {}", path, failure.what())));
  }
}

}  // namespace osbackup::http
