#include "support/tolerated_leaks.hpp"

// The sanitizer's, under names that may be ours; null in a program that has none.
extern "C" {
[[gnu::weak]] void disable_leak_check() __asm__("__lsan_disable");
[[gnu::weak]] void enable_leak_check() __asm__("__lsan_enable");
}

namespace osbackup::test {

ToleratedLeaks::ToleratedLeaks() noexcept {
  if (&disable_leak_check != nullptr) disable_leak_check();
}

ToleratedLeaks::~ToleratedLeaks() {
  if (&enable_leak_check != nullptr) enable_leak_check();
}

}  // namespace osbackup::test
