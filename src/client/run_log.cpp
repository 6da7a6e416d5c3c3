#include "client/run_log.hpp"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>

#include <mutex>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/file.hpp"

namespace osbackup::client {
namespace {

constexpr std::size_t kLineBytesMax = 8192;

/// Appends to a file that it never follows a link to; each line is one write, so lines of two processes do not mix.
class AppendingSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit AppendingSink(const std::filesystem::path& file)
      : file_(system::open_file(file, {.flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW})) {
    // A log made by somebody else, or under another mask, becomes root's alone.
    [[maybe_unused]] const int result = fchmod(file_.get(), 0600);
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    system::write_all(file_, std::string_view(line.data(), line.size()), "backup.log");
  }
  void flush_() override {}

 private:
  system::FileDescriptor file_;
};

}  // namespace

struct RunLog::Writer {
  explicit Writer(const std::filesystem::path& file) : logger("backup", std::make_shared<AppendingSink>(file)) {
    logger.set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger.set_error_handler([](const std::string&) {});
  }

  spdlog::logger logger;
};

RunLog::RunLog(const std::filesystem::path& directory) {
  try {
    system::make_directories(directory);
    writer_ = std::make_unique<Writer>(directory / "backup.log");
  } catch (const Error& error) {
    problem_ = error.within("there is no backup.log").what();
  }
}

RunLog::~RunLog() = default;

void RunLog::info(const std::string& text) {
  if (writer_) writer_->logger.info("{}", printable(text, kLineBytesMax));
}

void RunLog::warning(const std::string& text) {
  if (writer_) writer_->logger.warn("{}", printable(text, kLineBytesMax));
}

void RunLog::error(const std::string& text) {
  if (writer_) writer_->logger.error("{}", printable(text, kLineBytesMax));
}

}  // namespace osbackup::client
