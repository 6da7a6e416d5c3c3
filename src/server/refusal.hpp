#pragma once

#include <spdlog/logger.h>

#include <string>

#include "core/error.hpp"
#include "http/message.hpp"

namespace osbackup::server {

inline constexpr unsigned kForbidden = 403;
inline constexpr unsigned kInternalError = 500;
inline constexpr unsigned kUnavailable = 503;

/// The status that tells a client what it can do about the failure of its request (docs/protocol.md, "Statuses"):
/// Denied is 401, for a login that was not let in.
unsigned status_of(ErrorKind kind) noexcept;

/// Adds to an answer what docs/protocol.md promises of its status: the reason in one line, but nothing of why the
/// server itself failed; how to log in; when to come again.
void add_reason(http::Response& response, const std::string& reason);

/// The answer to a request that is refused, without a body; tells the log.
http::Response refusal(const http::Request& request, unsigned status, const std::string& reason, spdlog::logger& log);

}  // namespace osbackup::server
