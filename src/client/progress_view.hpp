#pragma once

#include <chrono>
#include <string>

#include "core/json.hpp"

namespace osbackup::client {

/// How far a command is, for the console to show. Thread-safe.
class ProgressView {
 public:
  virtual ~ProgressView() = default;

  /// One line for people; `elapsed` is since the command began.
  virtual std::string text(std::chrono::milliseconds elapsed) const = 0;

  /// The same as a JSON object of `message_type` `status`.
  virtual json::Object object(std::chrono::milliseconds elapsed) const = 0;
};

}  // namespace osbackup::client
