#pragma once

#include <chrono>
#include <string>

#include "core/json.hpp"
#include "restore/sink_counts.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::client {

/// All that a restore can tell about itself.
struct RestoreFacts {
  std::string archive;  ///< Its name.
  std::string target;   ///< As it was given; raw bytes.
  bool is_dry_run = false;
  bool is_complete = false;  ///< It came to its end.
  restore::SinkCounts counts;
  restore::TroubleLog::Counts troubles;
  std::chrono::milliseconds duration{0};
};

/// The facts as --json prints them at the end.
json::Object to_summary(const RestoreFacts& facts);

/// The facts in one sentence.
std::string to_sentence(const RestoreFacts& facts);

}  // namespace osbackup::client
