#include "support/peak_memory.hpp"

#include <fstream>
#include <stdexcept>
#include <string>

namespace osbackup::test {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasSanitizer = true;
#else
constexpr bool kHasSanitizer = false;
#endif

std::uint64_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == key + ":" && status >> kibibytes) return kibibytes << 10U;
  }
  throw std::runtime_error("/proc/self/status has no " + key);
}

}  // namespace

PeakMemory::PeakMemory() {
  std::ofstream reset("/proc/self/clear_refs");
  if (!(reset << "5" << std::flush)) throw std::runtime_error("/proc/self/clear_refs cannot be written");
  before_bytes_ = status_bytes("VmRSS");
}

std::uint64_t PeakMemory::grown_bytes() const {
  const std::uint64_t peak_bytes = status_bytes("VmHWM");
  return kHasSanitizer || peak_bytes < before_bytes_ ? 0 : peak_bytes - before_bytes_;
}

}  // namespace osbackup::test
