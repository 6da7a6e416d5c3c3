#pragma once

#include <string>
#include <utility>

namespace osbackup {

/// A password. It has no stream operator and no formatter, so it cannot reach a log by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  /// The text itself, for the one place that hands it to a library.
  const std::string& reveal() const noexcept { return value_; }
  bool empty() const noexcept { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace osbackup
