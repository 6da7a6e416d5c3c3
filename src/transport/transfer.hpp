#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "transport/curl_handle.hpp"

namespace osbackup::transport {

/// How long what leaves nothing behind may take after a stop.
constexpr std::chrono::milliseconds kCleanupPatience{10'000};

/// How long a transfer may stand still, and who may end it.
struct TransferLimits {
  std::chrono::milliseconds timeout{60'000};
  std::stop_token stop;
  std::chrono::steady_clock::time_point stop_waits_until{};  ///< No stop is obeyed before.

  bool must_stop() const noexcept {
    return stop.stop_requested() && std::chrono::steady_clock::now() >= stop_waits_until;
  }

  /// From here on, until release_stop() or for ten seconds: a server that was told to make something must answer before
  /// it can be told to remove it. Cut off, it may make it afterwards.
  void hold_stop() noexcept { stop_waits_until = std::chrono::steady_clock::now() + kCleanupPatience; }
  void release_stop() noexcept { stop_waits_until = {}; }
};

/// One transfer after another over a connection that stays open, driven step by step on the caller's thread.
///
/// A transfer ends when it is done, when no byte has moved for the timeout, or when the stop is requested. libcurl's
/// own low-speed limit is not used, because it also counts the time in which an upload waits for us. One thread at a
/// time.
class Transfer {
 public:
  explicit Transfer(TransferLimits limits);
  ~Transfer() { end(); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// The handle with what every transfer needs already set, for the protocol's own options.
  CurlHandle& prepare();

  void start();

  /// Moves what can be moved without waiting. True when the transfer has ended.
  bool step();

  /// Waits, for a short time, until there is something to move.
  void wait();

  /// Goes on after a callback paused the transfer.
  void resume();

  /// Starts and goes on to the end.
  void run();

  /// Ends the transfer where it is; its connection is closed.
  void end() noexcept;

  CURLcode result() const noexcept { return result_; }
  const CurlHandle& prepared() const noexcept { return handle_; }

  /// Whether it was ended because of the limits: the peer is not to be asked for reasons then.
  bool hit_limits() const noexcept { return verdict_ != Verdict::GoOn; }

  /// The failure of the transfer that has ended: "upload x: Connection refused".
  Error failure(const std::string& activity) const;

  /// Tells that something moved that libcurl does not count, such as a reply.
  void note_progress() noexcept { last_progress_ = std::chrono::steady_clock::now(); }

  void set_limits(TransferLimits limits) { limits_ = std::move(limits); }
  TransferLimits& limits() noexcept { return limits_; }

 private:
  enum class Verdict { GoOn, Cancelled, Stalled };
  static int on_progress(void* self, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                         curl_off_t up) noexcept;
  Verdict judge() noexcept;

  struct Cleanup {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  TransferLimits limits_;
  std::chrono::steady_clock::time_point last_progress_;
  curl_off_t moved_bytes_ = 0;
  Verdict verdict_ = Verdict::GoOn;
  CURLcode result_ = CURLE_OK;
  bool running_ = false;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  CurlHandle handle_;
  // Last, so that it goes first: closing its connections uses the handle and calls back.
  std::unique_ptr<CURLM, Cleanup> multi_;
};

}  // namespace osbackup::transport
