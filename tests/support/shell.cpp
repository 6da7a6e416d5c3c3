#include "support/shell.hpp"

#include <sys/mman.h>

#include <stdexcept>

#include "system/command.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::test {

ShellEnd run_shell(const ShellScript& script) {
  const system::FileDescriptor output(::memfd_create("output", MFD_CLOEXEC));
  if (output.get() < 0) throw system::system_error("keep the output of a script");
  ShellEnd end;
  const system::CommandEnd command_end = system::run_command(
      {.arguments = {"/bin/sh", "-c", script.text},
       .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TZ=UTC", "LC_ALL=" + script.locale},
       .working_directory = script.directory,
       .standard_output = output.get()},
      {.next_input = {}, .on_message = [&](std::string_view line) { end.errors.append(line).append("\n"); }}, {});
  end.exit_code = command_end.signal != 0 ? 128 + command_end.signal : command_end.exit_code;
  end.output = system::read_file("/proc/self/fd/" + std::to_string(output.get()), 1U << 26U);
  return end;
}

std::string output_of(const ShellScript& script) {
  const ShellEnd end = run_shell(script);
  if (end.exit_code != 0 || !end.errors.empty())
    throw std::runtime_error(script.text + ": exit code " + std::to_string(end.exit_code) + ": " + end.errors);
  return end.output;
}

}  // namespace osbackup::test
