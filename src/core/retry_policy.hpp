#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/error.hpp"

namespace osbackup {

/// How often something that failed with Unavailable is tried, and how long to wait in between. Immutable.
struct RetryPolicy {
  unsigned attempts_max = 5;
  std::chrono::milliseconds first_pause{1000};
  std::chrono::milliseconds longest_pause{30'000};
  /// Waits; injected so that tests do not sleep, and cut short (by throwing Cancelled) when the run is cancelled.
  std::function<void(std::chrono::milliseconds)> wait;

  /// The pause before attempt `attempt + 1`: it doubles each time, up to longest_pause.
  std::chrono::milliseconds pause_after(unsigned attempt) const {
    std::chrono::milliseconds pause = first_pause;
    for (unsigned i = 1; i < attempt && pause < longest_pause; ++i) pause *= 2;
    return pause < longest_pause ? pause : longest_pause;
  }
};

/// Calls `action` until it does not throw Unavailable, at most policy.attempts_max times, and returns what it returns.
/// `on_trouble` gets the message of each failure that is tried again.
template <class OnTrouble, class Action>
auto with_retries(const RetryPolicy& policy, OnTrouble on_trouble, Action action) {
  for (unsigned attempt = 1;; ++attempt) {
    try {
      return action();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Unavailable || attempt >= policy.attempts_max) throw;
      on_trouble(std::string(error.what()));
    }
    policy.wait(policy.pause_after(attempt));
  }
}

}  // namespace osbackup
