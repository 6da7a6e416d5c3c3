#include "transport/transfer.hpp"

#include <fmt/format.h>

#include <cassert>

namespace osbackup::transport {

Transfer::Transfer(TransferLimits limits) : limits_(std::move(limits)), multi_(curl_multi_init()) {
  if (!multi_) throw Error(ErrorKind::Internal, "libcurl gave no handle");
}

CurlHandle& Transfer::prepare() {
  assert(!running_);
  handle_.reset();
  detail_[0] = '\0';
  const auto timeout_ms = static_cast<long>(limits_.timeout.count());
  // Signals and the environment belong to the program: without this a proxy variable of root's shell would carry
  // passwords to somebody else.
  handle_.set(CURLOPT_NOSIGNAL, 1L);
  handle_.set(CURLOPT_PROXY, "");
  handle_.set(CURLOPT_ERRORBUFFER, detail_.data());
  handle_.set(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms);
  // Also bounds the farewell to a server that has fallen silent, which libcurl says without calling back.
  handle_.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, (timeout_ms + 999L) / 1000L);
  handle_.set(CURLOPT_TCP_KEEPALIVE, 1L);
  handle_.set(CURLOPT_NOPROGRESS, 0L);
  handle_.set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  handle_.set(CURLOPT_XFERINFODATA, static_cast<void*>(this));
  return handle_;
}

void Transfer::start() {
  verdict_ = Verdict::GoOn;
  result_ = CURLE_OK;
  moved_bytes_ = 0;
  note_progress();
  if (const CURLMcode code = curl_multi_add_handle(multi_.get(), handle_.get()); code != CURLM_OK)
    throw Error(ErrorKind::Internal, std::string("libcurl: ") + curl_multi_strerror(code));
  running_ = true;
}

bool Transfer::step() {
  assert(running_);
  int still_running = 0;
  if (const CURLMcode code = curl_multi_perform(multi_.get(), &still_running); code != CURLM_OK)
    throw Error(ErrorKind::Internal, std::string("libcurl: ") + curl_multi_strerror(code));
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    result_ = message->data.result;
    end();
    return true;
  }
  if (judge() == Verdict::GoOn) return false;
  result_ = CURLE_ABORTED_BY_CALLBACK;
  end();
  return true;
}

void Transfer::wait() {
  // The longest that a requested stop goes unnoticed.
  constexpr int kMilliseconds = 100;
  curl_multi_poll(multi_.get(), nullptr, 0, kMilliseconds, nullptr);
}

void Transfer::resume() {
  note_progress();
  curl_easy_pause(handle_.get(), CURLPAUSE_CONT);
}

void Transfer::run() {
  start();
  while (!step()) wait();
}

void Transfer::end() noexcept {
  if (running_) curl_multi_remove_handle(multi_.get(), handle_.get());
  running_ = false;
}

Error Transfer::failure(const std::string& activity) const {
  if (verdict_ == Verdict::Cancelled) return {ErrorKind::Cancelled, activity + ": stopped"};
  if (verdict_ == Verdict::Stalled)
    return {ErrorKind::Unavailable, fmt::format("{}: the server has not answered for {} s", activity,
                                                std::chrono::duration<double>(limits_.timeout).count())};
  return {kind_of(result_), activity + ": " + short_line(detail_[0] ? detail_.data() : curl_easy_strerror(result_))};
}

// The parameters are libcurl's.
// NOLINTNEXTLINE(readability-function-size)
int Transfer::on_progress(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  if (down + up != transfer.moved_bytes_) transfer.note_progress();
  transfer.moved_bytes_ = down + up;
  return transfer.judge() == Verdict::GoOn ? 0 : 1;
}

Transfer::Verdict Transfer::judge() noexcept {
  if (verdict_ != Verdict::GoOn) return verdict_;
  if (limits_.must_stop()) {
    verdict_ = Verdict::Cancelled;
  } else if (std::chrono::steady_clock::now() - last_progress_ >= limits_.timeout) {
    verdict_ = Verdict::Stalled;
  }
  return verdict_;
}

}  // namespace osbackup::transport
