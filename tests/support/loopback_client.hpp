#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace osbackup::test {

/// One answer of an HTTP server, as far as the tests look.
struct HttpAnswer {
  unsigned status = 0;
  std::string head;  ///< Status line and headers, as received.
  std::string body;
};

/// A blocking TCP connection to 127.0.0.1 that sends exactly the bytes it is given. Every wait ends after ten seconds
/// with std::runtime_error.
class LoopbackClient {
 public:
  explicit LoopbackClient(std::uint16_t port);
  ~LoopbackClient();
  LoopbackClient(const LoopbackClient&) = delete;
  LoopbackClient& operator=(const LoopbackClient&) = delete;

  void send(std::string_view bytes);

  /// Tells the server that nothing more comes.
  void end_sending();

  /// The next answer, whose length must be told by Content-Length; that of a HEAD request has no body.
  HttpAnswer receive(bool head_only = false);

  /// Everything up to the server's end of the connection; a reset counts as the end.
  std::string receive_rest();

 private:
  bool receive_more();

  int socket_ = -1;
  std::string received_;
};

/// Whether a TCP connection to that port of 127.0.0.1 is accepted.
bool accepts_connections(std::uint16_t port);

}  // namespace osbackup::test
