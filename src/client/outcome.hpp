#pragma once

#include <optional>

#include "core/error.hpp"

namespace osbackup::client {

/// How far a command came.
enum class RunStage {
  Starting,   ///< Configuration, lock, work directory.
  Making,     ///< The archive is being made.
  Sending,    ///< The archive is made, not published.
  Published,  ///< What the command is for is done.
  Opening,    ///< A command that reads archives looks for them at the destination.
  Reading,    ///< It has found them.
};

/// How a command ended; exit_code() is the only place that knows what the shell is told.
struct Outcome {
  RunStage stage = RunStage::Starting;
  std::optional<ErrorKind> failure;  ///< What stopped it before it was published.
  bool kept = false;                 ///< What could not be sent waits for the next run.
  /// Some source files are missing from what was published; or a command that reads archives could not do all of it.
  bool incomplete = false;
  bool damaged = false;     ///< Archives were found to be damaged.
  bool unreported = false;  ///< The server has not accepted the report.
  int signal = 0;           ///< The signal that ended it.
};

/// The exit codes of docs/cli.md, first match first.
int exit_code(const Outcome& outcome);

}  // namespace osbackup::client
