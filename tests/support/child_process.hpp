#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace osbackup::test {

struct ChildOptions {
  std::vector<std::string> arguments;  ///< The program (looked for on PATH) and its arguments.
  std::filesystem::path output;        ///< Where standard output and standard error go; empty: nowhere.
};

/// A running program with a process group of its own, which is ended with the object. One thread at a time; the thread
/// that starts it must outlive it, since the child dies with it.
class ChildProcess {
 public:
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }

  /// Whether it has not ended yet.
  bool is_running();

  /// Sends a signal to the program alone.
  void signal(int number) const;

  /// Waits for its end and returns the exit code, or 128+N after signal N.
  int wait();

  /// SIGTERM to the group, SIGKILL after five seconds; returns what wait() does.
  int stop();

  /// The processes that descend from it and still run.
  std::vector<pid_t> descendants() const;

 private:
  std::optional<int> try_wait(int options);

  pid_t pid_ = -1;
  std::optional<int> end_;
};

/// The whole file as text; empty when it cannot be read.
std::string text_of(const std::filesystem::path& file);

}  // namespace osbackup::test
