#include "system/signal_watch.hpp"

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace osbackup::system {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1}) {
    // What whoever started us ignores stays ignored: nohup means it.
    struct sigaction action {};
    const bool ignored = sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
    if (!ignored) sigaddset(&set, number);
  }
  return set;
}

}  // namespace

SignalWatch::SignalWatch(std::function<void()> on_status) : on_status_(std::move(on_status)) {
  const sigset_t set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  thread_ = std::jthread([this](const std::stop_token& end) { watch(end); });
}

SignalWatch::~SignalWatch() {
  thread_.request_stop();
  // Wakes it; where SIGUSR1 is ignored it wakes by itself, a tenth of a second later.
  pthread_kill(thread_.native_handle(), SIGUSR1);
}

void SignalWatch::watch(const std::stop_token& end) {
  const sigset_t set = watched_signals();
  while (!end.stop_requested()) {
    const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
    const int number = sigtimedwait(&set, nullptr, &pause);
    if (number == SIGUSR1 && on_status_ && !end.stop_requested()) on_status_();
    if (number > 0 && number != SIGUSR1) {
      received_ = number;
      source_.request_stop();
    }
  }
}

}  // namespace osbackup::system
