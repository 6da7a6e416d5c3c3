#pragma once

#include <functional>
#include <map>
#include <string>

#include "http/message.hpp"

namespace osbackup::http {

/// Takes the answer to one request. May be called from any thread; the first call counts, later ones are ignored. When
/// every copy is destroyed without a call, the answer is 500.
using Respond = std::function<void(Response)>;

/// Answers one request, at once or later. Called on an I/O thread, so it must not block.
using Handler = std::function<void(Request, Respond)>;

/// Which handler answers which method and path. Filled first, then immutable and thread-safe.
class Router {
 public:
  /// `path` is decoded and compared as a whole. Each method and path may be added once.
  void add(std::string method, std::string path, Handler handler);

  /// Hands the request to its handler. Answers itself, with a `cause`, when there is none (404, or 405 with Allow) and
  /// when the handler throws (500).
  void route(Request request, const Respond& respond) const;

 private:
  std::map<std::string, std::map<std::string, Handler, std::less<>>, std::less<>> handlers_;  // By path, then method.
};

}  // namespace osbackup::http
