#include "server/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "core/error.hpp"

namespace osbackup::server {
namespace {

spdlog::sink_ptr open_sink(const config::ServerLogSettings& settings) {
  if (settings.file.empty()) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  try {
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.file.string());
  } catch (const spdlog::spdlog_ex& error) {
    throw Error(ErrorKind::Denied, fmt::format("open the log {}: {}", settings.file.string(), error.what()));
  }
}

spdlog::level::level_enum level_of(const std::string& name) {
  if (name == "error") return spdlog::level::err;
  if (name == "warning") return spdlog::level::warn;
  return name == "debug" ? spdlog::level::debug : spdlog::level::info;
}

}  // namespace

std::shared_ptr<spdlog::logger> open_log(const config::ServerLogSettings& settings) {
  auto log = std::make_shared<spdlog::logger>("osbackupd", open_sink(settings));
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  log->set_level(level_of(settings.level));
  log->flush_on(spdlog::level::info);
  return log;
}

}  // namespace osbackup::server
