#include "system/command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::system {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGrace{5};
constexpr std::chrono::seconds kLastChildrenWait{1};
constexpr int kEndLookMillisecondsMax = 50;
constexpr std::size_t kMessageBytesMax = std::size_t{64} * 1024;
constexpr std::size_t kPipeBytesMax = std::size_t{64} * 1024;
constexpr std::size_t kReadBytes = 4096;

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw system_error("make a pipe");
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void set_nonblocking(const FileDescriptor& descriptor) {
  if (fcntl(descriptor.get(), F_SETFL, O_NONBLOCK) != 0) throw system_error("set a pipe to non-blocking");
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::optional<std::string> find_on_path(const std::string& program) {
  if (program.find('/') != std::string::npos) return program;
  // Not $PATH alone: cron's is short.
  const char* variable = getenv("PATH");
  const auto is_program = [](const std::string& file) {
    struct stat status {};
    return stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode) && access(file.c_str(), X_OK) == 0;
  };
  std::string path =
      (variable != nullptr ? std::string(variable) + ":" : "") + "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string candidate = path.substr(0, end) + "/" + program;
    path.erase(0, end + 1);
    if (end > 0 && is_program(candidate)) return candidate;
  }
  return std::nullopt;
}

/// One running command; ends and waits for its process group when it is destroyed before wait() was reached.
class RunningCommand {
 public:
  explicit RunningCommand(const Command& command) : name_(command.arguments.at(0)) {
    Pipe input = make_pipe();
    Pipe messages = make_pipe();
    start(command, input.read_end.get(), messages.write_end.get());
    input_ = std::move(input.write_end);
    messages_ = std::move(messages.read_end);
    set_nonblocking(input_);
    set_nonblocking(messages_);
  }
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;
  ~RunningCommand() {
    if (process_ > 0) end_group();
  }

  void converse(const CommandDialogue& dialogue, const FileDescriptor& stop_event);
  CommandEnd wait(const FileDescriptor& stop_event);

 private:
  void start(const Command& command, int standard_input, int standard_error);
  bool has_ended() const noexcept;
  void end_group() noexcept;
  void feed(const CommandDialogue& dialogue);
  void listen(const CommandDialogue& dialogue);
  void take_messages(const CommandDialogue& dialogue, std::string_view text);
  void close_pipes(const CommandDialogue& dialogue);

  std::string name_;
  pid_t process_ = -1;
  FileDescriptor input_;
  FileDescriptor messages_;
  std::string piece_;
  std::size_t piece_written_ = 0;
  std::string message_;  ///< The line that has begun, up to kMessageBytesMax of it.
};

/// What the child still has to do between fork and exec; async-signal-safe calls only (signal-safety(7)).
struct ChildSetup {
  const char* program;
  char* const* arguments;
  char* const* environment;
  const char* working_directory;
  int standard_input;
  int standard_output;
  int standard_error;
  int failure;  ///< Closed when the program runs; else it gets the errno value.
  pid_t parent;
};

[[noreturn]] void give_up(const ChildSetup& setup) {
  const int code = errno;
  [[maybe_unused]] const ssize_t written = ::write(setup.failure, &code, sizeof(code));
  _exit(127);
}

[[noreturn]] void become(const ChildSetup& setup) {
  setpgid(0, 0);
  // A parent that is killed outright must not leave a tar behind.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != setup.parent) _exit(127);
  // Defaults first: no handler of the parent's may run here.
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (dup2(setup.standard_input, 0) < 0 || dup2(setup.standard_output, 1) < 0 || dup2(setup.standard_error, 2) < 0)
    give_up(setup);
  if (*setup.working_directory != '\0' && chdir(setup.working_directory) != 0) give_up(setup);
  execve(setup.program, setup.arguments, setup.environment);
  give_up(setup);
}

/// Keeps SIGPIPE away from this thread: a command that closes its input early must not end the whole program.
class SigpipeHeldBack {
 public:
  SigpipeHeldBack() noexcept {
    sigemptyset(&sigpipe_);
    sigaddset(&sigpipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  ~SigpipeHeldBack() {
    const timespec no_time{};
    sigtimedwait(&sigpipe_, nullptr, &no_time);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeHeldBack(const SigpipeHeldBack&) = delete;
  SigpipeHeldBack& operator=(const SigpipeHeldBack&) = delete;

 private:
  sigset_t sigpipe_{};
  sigset_t before_{};
};

void RunningCommand::start(const Command& command, int standard_input, int standard_error) {
  const std::optional<std::string> program = find_on_path(name_);
  if (!program) throw Error(ErrorKind::NotFound, fmt::format("the program {} is not installed, or not on PATH", name_));
  Pipe failure = make_pipe();
  const FileDescriptor null_output = open_file("/dev/null", {.flags = O_WRONLY});
  const std::vector<char*> arguments = pointers_to(command.arguments);
  const std::vector<char*> environment = pointers_to(command.environment);
  const ChildSetup setup{.program = program->c_str(),
                         .arguments = arguments.data(),
                         .environment = environment.data(),
                         .working_directory = command.working_directory.c_str(),
                         .standard_input = standard_input,
                         .standard_output = command.standard_output < 0 ? null_output.get() : command.standard_output,
                         .standard_error = standard_error,
                         .failure = failure.write_end.get(),
                         .parent = getpid()};
  process_ = fork();
  if (process_ < 0) throw system_error("start " + name_);
  if (process_ == 0) become(setup);
  // Also done by the child: whoever comes first, the group exists before it is signalled.
  setpgid(process_, process_);
  failure.write_end.close();
  int code = 0;
  ssize_t count = 0;
  do count = ::read(failure.read_end.get(), &code, sizeof(code));
  while (count < 0 && errno == EINTR);
  if (count != sizeof(code)) return;
  waitpid(std::exchange(process_, -1), nullptr, 0);
  throw system_error("start " + *program, code);
}

/// Leaves the process to be waited for: until then nobody else gets its id, nor its group's.
bool RunningCommand::has_ended() const noexcept {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

void RunningCommand::end_group() noexcept {
  kill(-process_, SIGTERM);
  const auto deadline = SteadyClock::now() + kGrace;
  while (!has_ended() && SteadyClock::now() < deadline) poll(nullptr, 0, 10);
  // The command if it did not obey, and children of it (tar's gzip) that outlived it.
  kill(-process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  // These children are init's now, who waits for them; while one is left it may still write to a file.
  const auto last_deadline = SteadyClock::now() + kLastChildrenWait;
  while (kill(-process_, 0) == 0 && SteadyClock::now() < last_deadline) poll(nullptr, 0, 1);
  process_ = -1;
}

void RunningCommand::feed(const CommandDialogue& dialogue) {
  if (piece_written_ == piece_.size()) {
    std::optional<std::string> piece = dialogue.next_input ? dialogue.next_input() : std::nullopt;
    if (!piece) {
      input_.close();
      return;
    }
    piece_ = std::move(*piece);
    piece_written_ = 0;
  }
  const SigpipeHeldBack no_sigpipe;
  const ssize_t written = ::write(input_.get(), piece_.data() + piece_written_, piece_.size() - piece_written_);
  if (written >= 0) {
    piece_written_ += static_cast<std::size_t>(written);
  } else if (errno != EAGAIN && errno != EINTR) {
    // EPIPE: the command has ended or wants no more; its exit code and messages say which.
    input_.close();
  }
}

void RunningCommand::take_messages(const CommandDialogue& dialogue, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    // What a line has beyond its limit is dropped.
    message_.append(text.substr(0, std::min(end, kMessageBytesMax - message_.size())));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
    if (dialogue.on_message) dialogue.on_message(message_);
    message_.clear();
  }
}

void RunningCommand::listen(const CommandDialogue& dialogue) {
  std::array<char, kReadBytes> buffer{};
  const ssize_t count = ::read(messages_.get(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) return take_messages(dialogue, std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  messages_.close();
  if (!message_.empty()) take_messages(dialogue, "\n");
}

void RunningCommand::converse(const CommandDialogue& dialogue, const FileDescriptor& stop_event) {
  while (input_ || messages_) {
    std::array<pollfd, 3> events{pollfd{input_.get(), POLLOUT, 0}, pollfd{messages_.get(), POLLIN, 0},
                                 pollfd{stop_event.get(), POLLIN, 0}};
    const int ready = poll(events.data(), events.size(), kEndLookMillisecondsMax);
    if (ready < 0 && errno != EINTR) throw system_error("wait for " + name_);
    if ((events[2].revents & POLLIN) != 0) throw Error(ErrorKind::Cancelled, name_ + " was stopped");
    // A service that the command has started may hold the pipes for ever.
    if (ready == 0 && has_ended()) return close_pipes(dialogue);
    if (messages_ && events[1].revents != 0) listen(dialogue);
    if (!input_ || events[0].revents == 0) continue;
    // POLLERR: nobody reads any more.
    if ((events[0].revents & POLLERR) != 0) {
      input_.close();
    } else {
      feed(dialogue);
    }
  }
}

void RunningCommand::close_pipes(const CommandDialogue& dialogue) {
  input_.close();
  // Its last words may have come after the last look; a pipe holds no more than this.
  for (std::size_t taken = 0; messages_ && taken < kPipeBytesMax; taken += kReadBytes) listen(dialogue);
  messages_.close();
  if (!message_.empty()) take_messages(dialogue, "\n");
}

CommandEnd RunningCommand::wait(const FileDescriptor& stop_event) {
  // The end of the messages and the end of the process are usually one moment; a command may also close its standard
  // error and go on for hours.
  for (int pause = 1; !has_ended(); pause = std::min(2 * pause, kEndLookMillisecondsMax)) {
    pollfd stop{stop_event.get(), POLLIN, 0};
    if (poll(&stop, 1, pause) > 0) throw Error(ErrorKind::Cancelled, name_ + " was stopped");
  }
  int status = 0;
  if (waitpid(std::exchange(process_, -1), &status, 0) < 0) throw system_error("wait for " + name_);
  if (WIFSIGNALED(status)) return {.exit_code = 0, .signal = WTERMSIG(status)};
  return {.exit_code = WEXITSTATUS(status), .signal = 0};
}

}  // namespace

std::string CommandEnd::text() const {
  if (signal != 0) return fmt::format("signal {} ({})", signal, strsignal(signal));
  return fmt::format("exit code {}", exit_code);
}

CommandEnd run_command(const Command& command, const CommandDialogue& dialogue, const std::stop_token& stop) {
  const FileDescriptor stop_event(eventfd(0, EFD_CLOEXEC));
  if (!stop_event) throw system_error("make an event");
  RunningCommand running(command);
  const std::stop_callback on_stop(stop, [&] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stop_event.get(), &one, sizeof(one));
  });
  running.converse(dialogue, stop_event);
  return running.wait(stop_event);
}

bool is_on_path(const std::string& program) { return find_on_path(program).has_value(); }

}  // namespace osbackup::system
