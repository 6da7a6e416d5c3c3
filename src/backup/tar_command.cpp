#include "backup/tar_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "backup/object_opener.hpp"
#include "backup/tar_messages.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/command.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

/// How much of the names is handed to tar at a time.
constexpr std::size_t kInputBytes = 64U << 10U;
/// The longest path that GNU tar can open (PATH_MAX with its zero byte).
constexpr std::size_t kPathBytesMax = 4095;
/// How many of tar's messages about the whole run an error quotes.
constexpr std::size_t kQuotedMax = 3;

/// One conversation with tar: names go in, messages come out.
class Conversation {
 public:
  Conversation(const std::string& directory, const ArchivePlan& plan, RunObserver observer)
      : scanner_(directory, plan.rules, observer.warnings), observer_(observer) {
    roots_ = {scanner_.root(), relative_path(directory)};
  }

  std::optional<std::string> next_input() {
    std::string names;
    while (names.size() < kInputBytes) {
      const std::optional<ScannedObject> object = scanner_.next();
      if (!object) break;
      if (object->path.size() > kPathBytesMax) {
        leave_out(*object);
        continue;
      }
      names.append(object->path).push_back('\0');
      if (!S_ISREG(object->status.st_mode)) continue;
      ++content_.files;
      content_.source_bytes += static_cast<std::uint64_t>(object->status.st_size);
      observer_.progress.files += 1;
      observer_.progress.source_bytes += static_cast<std::uint64_t>(object->status.st_size);
    }
    if (names.empty()) return std::nullopt;
    return names;
  }

  void on_message(std::string_view line) {
    if (is_tar_epilogue(line)) return;
    if (const std::optional<Warning> warning = warning_from_tar(line, roots_)) {
      observer_.warnings.add(*warning);
      about_files_ = true;
      return;
    }
    if (about_run_.size() < kQuotedMax) about_run_.push_back(printable(line, 500));
    if (line.find("No space left on device") != std::string_view::npos) disk_full_ = true;
  }

  /// Exit code 1: some files differ. 2: an error, which is tolerable when it is about single files.
  void judge(const system::CommandEnd& end, const std::string& directory) const {
    std::string quoted;
    for (const std::string& line : about_run_) quoted += (quoted.empty() ? "" : "; ") + line;
    const std::string message = fmt::format("archive {} with tar: {}{}{}", printable(directory), end.text(),
                                            quoted.empty() ? "" : ": ", quoted);
    if (disk_full_) throw Error(ErrorKind::NoSpace, message);
    const bool tolerable = end.signal == 0 && (end.exit_code <= 1 || (end.exit_code == 2 && about_files_));
    if (!tolerable || (end.exit_code == 2 && !about_run_.empty())) throw Error(ErrorKind::Internal, message);
    for (const std::string& line : about_run_)
      observer_.warnings.add({.kind = WarningKind::Note, .path = directory, .reason = line});
  }

  TarCommand::Content content() const {
    TarCommand::Content content = content_;
    content.excluded = scanner_.excluded();
    return content;
  }

 private:
  void leave_out(const ScannedObject& object) {
    observer_.warnings.add({.kind = WarningKind::Missing,
                            .path = "/" + object.path,
                            .reason = fmt::format("its path is longer than {} bytes, which tar cannot open "
                                                  "(engine = native can)",
                                                  kPathBytesMax)});
  }

  Scanner scanner_;
  RunObserver observer_;
  std::vector<std::string> roots_;
  TarCommand::Content content_;
  std::vector<std::string> about_run_;
  bool about_files_ = false;
  bool disk_full_ = false;
};

}  // namespace

std::vector<std::string> command_environment(const std::string& locale) {
  const char* path = std::getenv("PATH");
  return {
      "LC_ALL=" + locale, "TZ=UTC",
      std::string("PATH=") + (path != nullptr ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")};
}

TarCommand::TarCommand(WarningLog& warnings, const std::stop_token& stop) {
  const system::FileDescriptor help(memfd_create("tar-help", MFD_CLOEXEC));
  const system::Command question{.arguments = {"tar", "--help"},
                                 .environment = command_environment("C"),
                                 .working_directory = {},
                                 .standard_output = help.get()};
  system::run_command(question, {}, stop);
  lseek(help.get(), 0, SEEK_SET);
  const std::string known = system::read_file(help, 1U << 20U, "the output of tar --help");

  arguments_ = {"tar"};
  const auto add = [&](const std::string& flag) {
    if (known.find(flag.substr(0, flag.find('='))) != std::string::npos)
      arguments_.push_back(flag);
    else
      warnings.add({.kind = WarningKind::Note, .path = "", .reason = "this host's tar does not know " + flag});
  };
  // What stands before -T applies to the names that it brings.
  for (const char* flag : {"--null", "--no-recursion", "--verbatim-files-from"}) add(flag);
  for (const char* flag : {"-C", "/", "-T", "-"}) arguments_.emplace_back(flag);
  for (const char* flag :
       {"--format=posix", "--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "--selinux", "--sparse"})
    add(flag);
  for (const char* flag : {"-cz", "-f", "-"}) arguments_.emplace_back(flag);
}

TarCommand::Content TarCommand::archive(const Order& order, const ArchivePlan& plan, RunObserver observer,
                                        const std::stop_token& stop) const {
  const system::FileDescriptor output =
      system::open_file(order.file, {.flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW});
  const system::Command tar{.arguments = arguments_,
                            .environment = command_environment("C"),
                            .working_directory = {},
                            .standard_output = output.get()};
  Conversation conversation(order.directory, plan, observer);
  const system::CommandEnd end =
      system::run_command(tar,
                          {.next_input = [&] { return conversation.next_input(); },
                           .on_message = [&](std::string_view line) { conversation.on_message(line); }},
                          stop);
  conversation.judge(end, order.directory);
  return conversation.content();
}

}  // namespace osbackup::backup
