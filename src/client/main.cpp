#include <cstdio>
#include <exception>

#include "client/backup_command.hpp"
#include "client/command_line.hpp"
#include "client/outcome.hpp"
#include "core/error.hpp"

int main(int argc, char** argv) {
  using namespace osbackup;
  try {
    const auto line = client::parse_command_line(argc, argv);
    return line ? client::backup_command(*line) : 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "osbackup: %s\n", error.what());
    client::Outcome outcome;
    outcome.failure = error.kind();
    return client::exit_code(outcome);
  } catch (const std::exception& bug) {
    std::fprintf(stderr, "osbackup: internal error: %s\n", bug.what());
    return 1;
  }
}
