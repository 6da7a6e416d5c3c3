#pragma once

#include <chrono>
#include <string>

#include "http/message.hpp"

namespace osbackup::http {

/// What becomes of the connection once the answer is sent.
enum class Afterwards { KeepOpen, Close };

/// Status line and headers of an answer, up to and with the empty line (RFC 9112). Line breaks in header values become
/// spaces, so that text from a request cannot add a header.
std::string response_head(const Response& response, Afterwards afterwards, std::chrono::system_clock::time_point now);

}  // namespace osbackup::http
