#include "support/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>

#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::test {
namespace {

std::vector<pid_t> children_of(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  return {std::istream_iterator<pid_t>(list), std::istream_iterator<pid_t>()};
}

[[noreturn]] void become(char* const* arguments, int output, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int input = ::open("/dev/null", O_RDONLY);
  if (::getppid() == parent && ::dup2(input, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
      ::dup2(output, STDERR_FILENO) >= 0)
    ::execvp(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  std::vector<std::string> texts = options.arguments;
  std::vector<char*> arguments;
  arguments.reserve(texts.size() + 1);
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);
  const std::filesystem::path file = options.output.empty() ? "/dev/null" : options.output;
  const system::FileDescriptor output = system::open_file(file, {.flags = O_WRONLY | O_CREAT | O_APPEND});

  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw system::system_error("start " + options.arguments.front());
  if (pid_ == 0) become(arguments.data(), output.get(), parent);
  // Both sides set the group, so that it exists whoever comes first.
  ::setpgid(pid_, pid_);
}

ChildProcess::~ChildProcess() { stop(); }

std::optional<int> ChildProcess::try_wait(int options) {
  if (end_) return end_;
  int status = 0;
  pid_t ended = -1;
  do {
    ended = ::waitpid(pid_, &status, options);
  } while (ended < 0 && errno == EINTR);
  if (ended == pid_) end_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end_;
}

bool ChildProcess::is_running() { return !try_wait(WNOHANG); }

void ChildProcess::signal(int number) const {
  if (!end_) ::kill(pid_, number);
}

int ChildProcess::wait() { return try_wait(0).value_or(-1); }

int ChildProcess::stop() {
  const std::vector<pid_t> orphans_to_be = descendants();
  if (!end_) ::kill(-pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (is_running() && std::chrono::steady_clock::now() < deadline) ::poll(nullptr, 0, 2);
  if (is_running()) ::kill(-pid_, SIGKILL);
  for (const pid_t orphan : orphans_to_be) ::kill(orphan, SIGKILL);
  return wait();
}

std::vector<pid_t> ChildProcess::descendants() const {
  std::vector<pid_t> found = end_ ? std::vector<pid_t>() : children_of(pid_);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::vector<pid_t> more = children_of(found[i]);
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace osbackup::test
