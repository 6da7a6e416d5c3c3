#include "server/password_source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "core/error.hpp"
#include "system/file.hpp"

namespace osbackup::server {
namespace {

constexpr std::uint64_t kFileBytesMax = 4096;

/// Switches the terminal's echo off for its life.
class SilentTerminal {
 public:
  explicit SilentTerminal(int terminal) : terminal_(terminal) {
    if (tcgetattr(terminal_, &before_) != 0) throw Error(ErrorKind::Usage, "the terminal cannot hide what is typed");
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() { tcsetattr(terminal_, TCSAFLUSH, &before_); }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

 private:
  int terminal_;
  termios before_{};
};

std::string ask(const system::FileDescriptor& terminal, const std::string& prompt) {
  system::write_all(terminal, prompt, "/dev/tty");
  std::string line;
  char c = 0;
  while (read(terminal.get(), &c, 1) == 1 && c != '\n') line += c;
  system::write_all(terminal, "\n", "/dev/tty");
  return line;
}

}  // namespace

Secret read_password_file(const std::filesystem::path& file) {
  std::string text = system::read_file(file, kFileBytesMax);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty() || text.find('\n') != std::string::npos)
    throw Error(ErrorKind::Usage, fmt::format("{} must hold the password, alone, on one line", file.string()));
  return Secret(std::move(text));
}

Secret ask_for_password(const std::string& user) {
  const int descriptor = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0)
    throw Error(ErrorKind::Usage, "there is no terminal to ask for the password: give --password-file FILE");
  const system::FileDescriptor terminal(descriptor);
  const SilentTerminal silent(terminal.get());
  std::string first = ask(terminal, fmt::format("Password for {}: ", user));
  if (first != ask(terminal, "Again: ")) throw Error(ErrorKind::Usage, "the two passwords differ");
  return Secret(std::move(first));
}

}  // namespace osbackup::server
