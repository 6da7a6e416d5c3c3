#pragma once

#include <filesystem>
#include <string>

namespace osbackup::test {

/// A script for /bin/sh, run with nothing but PATH, TZ=UTC and a locale in its environment.
struct ShellScript {
  std::string text;
  std::filesystem::path directory;  ///< Where it runs.
  std::string locale = "C";         ///< What LC_ALL says.
};

/// How a script ended, and what it printed.
struct ShellEnd {
  int exit_code = 0;  ///< 128+N after signal N.
  std::string output;
  std::string errors;
};

/// Runs a script to its end.
ShellEnd run_shell(const ShellScript& script);

/// What a script printed that has to succeed without a word on standard error; else what it said is thrown.
std::string output_of(const ShellScript& script);

}  // namespace osbackup::test
