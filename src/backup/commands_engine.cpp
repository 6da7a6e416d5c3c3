#include "backup/commands_engine.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "archive/restore_text.hpp"
#include "backup/tar_command.hpp"
#include "core/encoding.hpp"
#include "system/command.hpp"
#include "system/file.hpp"
#include "system/private_directory.hpp"
#include "system/system_error.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRestoreText = "osbackup/RESTORE.txt";

/// Runs jobs 0 to count - 1 on several threads. The first failure stops the others and is thrown when all have ended.
void run_jobs(std::size_t count, unsigned threads, const std::stop_token& stop,
              const std::function<void(std::size_t, const std::stop_token&)>& job) {
  std::stop_source ours;
  const std::stop_callback pass_on(stop, [&] { ours.request_stop(); });
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t index = next++; index < count && !ours.stop_requested(); index = next++) {
      try {
        job(index, ours.get_token());
      } catch (...) {
        const std::scoped_lock lock(mutex);
        if (!failure) failure = std::current_exception();
        ours.request_stop();
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < std::min<std::size_t>(threads, count); ++i) workers.emplace_back(work);
  }
  if (failure) std::rethrow_exception(failure);
  if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the backup was stopped");
}

/// The zip's times are the start of the backup, so that they do not depend on how long an entry took.
void set_time(const fs::path& file, TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  const timespec moment{.tv_sec = seconds.count(), .tv_nsec = 0};
  const timespec times[2] = {moment, moment};
  if (utimensat(AT_FDCWD, file.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0)
    throw system::system_error("set the time of " + printable(file.native()));
}

void zip(const fs::path& staging, const fs::path& target, const std::string& names, const std::stop_token& stop) {
  std::string messages;
  bool fed = false;
  const system::Command command{
      // -0: stored, everything in it is compressed already. -X: no owners. -D: no entries for folders. -MM: a name that
      // cannot be read is an error.
      .arguments = {"zip", "-0", "-q", "-X", "-D", "-MM", target.string(), "-@"},
      .environment = command_environment("C.UTF-8"),
      .working_directory = staging,
      .standard_output = -1};
  const system::CommandEnd end =
      system::run_command(command,
                          {.next_input = [&]() -> std::optional<std::string> {
                             return std::exchange(fed, true) ? std::nullopt : std::optional(names);
                           },
                           .on_message =
                               [&](std::string_view line) {
                                 if (messages.size() < 1000) messages += ": " + printable(line, 500);
                               }},
                          stop);
  if (end.succeeded()) return;
  const bool full = messages.find("No space left on device") != std::string::npos;
  throw Error(full ? ErrorKind::NoSpace : ErrorKind::Internal, "zip failed: " + end.text() + messages);
}

std::uint64_t size_of(const fs::path& file) { return system::FileRange(file).size(); }

}  // namespace

CommandsEngine::CommandsEngine() {
  for (const char* program : {"tar", "gzip", "zip"})
    if (!system::is_on_path(program))
      throw Error(ErrorKind::NotFound, fmt::format("engine = commands needs the program {}: install it", program));
}

MadeArchive CommandsEngine::make(const ArchivePlan& plan, RunObserver observer, Spool& spool, std::stop_token stop) {
  const fs::path staging = plan.run_directory / "staging";
  const fs::path file = plan.run_directory / "archive.zip";
  MadeArchive made;
  observer.progress.stage = Stage::Archiving;
  const TarCommand tar(observer.warnings, stop);
  std::string names;
  for (const std::string& directory : plan.directories) {
    const std::string entry = archive::entry_name(directory);
    system::make_directories((staging / entry).parent_path());
    names += entry + "\n";
  }

  std::mutex mutex;
  run_jobs(plan.directories.size(), plan.threads, stop, [&](std::size_t index, const std::stop_token& job_stop) {
    const std::string& directory = plan.directories[index];
    const fs::path entry = staging / archive::entry_name(directory);
    const TarCommand::Content content = tar.archive({directory, entry}, plan, observer, job_stop);
    set_time(entry, plan.name.started);
    const std::scoped_lock lock(mutex);
    made.files += content.files;
    made.source_bytes += content.source_bytes;
    made.excluded += content.excluded;
  });

  observer.progress.stage = Stage::Zipping;
  const fs::path text = staging / kRestoreText;
  system::make_directories(text.parent_path());
  system::write_file_durably(
      text, archive::restore_text({.name = plan.name, .run_id = plan.run_id, .directories = plan.directories}));
  set_time(text, plan.name.started);
  zip(staging, file, names + kRestoreText + "\n", stop);
  system::remove_tree(system::open_file(plan.run_directory, {.flags = O_RDONLY | O_DIRECTORY}), "staging");
  made.bytes = size_of(file);
  spool.adopt(file);
  return made;
}

}  // namespace osbackup::backup
