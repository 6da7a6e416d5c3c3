#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "support/loopback_socket.hpp"

namespace osbackup::test {

/// A server whose answers a test makes up, for what a real one says too rarely. Serves one connection after another.
class ScriptedServer {
 public:
  struct Script {
    std::string greeting;  ///< Said as soon as somebody connects.
    /// The answer to one line of the client's (given without its line end). Called on a thread of the server's.
    std::function<std::string(const std::string& line)> answer;
  };
  /// What is said and ends in this closes the connection after what comes before it.
  static constexpr char kHangUp = '\x04';

  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const noexcept { return listener_.port(); }

 private:
  void serve(const std::stop_token& stop) const;
  void serve_connection(int connection, const std::stop_token& stop) const;

  Script script_;
  LoopbackListener listener_;
  std::jthread thread_;
};

}  // namespace osbackup::test
