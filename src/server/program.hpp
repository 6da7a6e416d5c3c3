#pragma once

namespace osbackup::server {

/// Runs osbackupd's command line and returns its exit code. Throws Error: Usage for what the caller has to change.
int run_program(int argc, const char* const* argv);

}  // namespace osbackup::server
