#include "support/smtp_receiver.hpp"

#include <poll.h>

#include <chrono>
#include <fstream>
#include <set>

#include "core/error.hpp"

namespace osbackup::test {

SmtpReceiver::SmtpReceiver(SmtpPolicy policy) {
  const std::filesystem::path output = folder_.path() / "output";
  const std::filesystem::path login = folder_.path() / "login";
  std::filesystem::create_directory(folder_.path() / "mail");
  std::ofstream(login) << user() << '\n' << password() << '\n';
  std::vector<std::string> arguments = {"/usr/bin/python3", OSBACKUP_TEST_SUPPORT "/smtp_receiver.py",
                                        (folder_.path() / "mail").string()};
  if (policy == SmtpPolicy::RequireLogin) arguments.insert(arguments.end(), {"--login-file", login.string()});
  if (policy == SmtpPolicy::RefuseAll) arguments.emplace_back("--refuse");
  process_ = std::make_unique<ChildProcess>(ChildOptions{.arguments = arguments, .output = output});

  // Python takes its time to start on a busy machine.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (text_of(output).find('\n') == std::string::npos) {
    if (!process_->is_running() || std::chrono::steady_clock::now() > deadline)
      throw Error(ErrorKind::Internal, "smtp_receiver.py does not start: " + text_of(output));
    ::poll(nullptr, 0, 5);
  }
  const std::string text = text_of(output);
  if (text.find_first_not_of("0123456789\n") != std::string::npos)
    throw Error(ErrorKind::Internal, "smtp_receiver.py does not start: " + text);
  port_ = static_cast<std::uint16_t>(std::stoul(text));
}

std::vector<json::Object> SmtpReceiver::messages() const {
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "mail"))
    if (entry.path().extension() == ".json") files.insert(entry.path());
  std::vector<json::Object> found;
  found.reserve(files.size());
  for (const std::filesystem::path& file : files) found.push_back(json::parse(text_of(file)).as_object());
  return found;
}

}  // namespace osbackup::test
