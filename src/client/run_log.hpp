#pragma once

#include <filesystem>
#include <memory>
#include <string>

namespace osbackup::client {

/// `backup.log` (requirement C6): a line an event, local time with its zone, then the level. Mode 0600; thread-safe.
/// What is logged is made printable first: no file name can forge a line. The backup is worth more than its log:
/// without one it goes on.
class RunLog {
 public:
  /// Opens the log in a directory that is made if it is missing. When that cannot be done, problem() says why and what
  /// is logged is lost.
  explicit RunLog(const std::filesystem::path& directory);
  ~RunLog();

  /// Why there is no log; empty when there is one.
  const std::string& problem() const noexcept { return problem_; }

  void info(const std::string& text);
  void warning(const std::string& text);
  void error(const std::string& text);

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
  std::string problem_;
};

}  // namespace osbackup::client
