#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/json.hpp"
#include "support/child_process.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::test {

enum class SmtpPolicy { TakeAll, RequireLogin, RefuseAll };

/// A real SMTP server (aiosmtpd) on a free loopback port, which keeps what it receives.
class SmtpReceiver {
 public:
  explicit SmtpReceiver(SmtpPolicy policy = SmtpPolicy::TakeAll);

  std::uint16_t port() const noexcept { return port_; }
  std::string user() const { return "mailer"; }
  std::string password() const { return "correct;horse #battery"; }

  /// The messages that it has answered for, oldest first: helo, from, recipients, user, content.
  std::vector<json::Object> messages() const;

 private:
  TemporaryFolder folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace osbackup::test
