#include "support/tolerated_leaks.hpp"

// Null in a program that has no sanitizer. The names are the sanitizer's.
extern "C" {
[[gnu::weak]] void __lsan_disable();
[[gnu::weak]] void __lsan_enable();
}

namespace osbackup::test {

ToleratedLeaks::ToleratedLeaks() noexcept {
  if (&__lsan_disable != nullptr) __lsan_disable();
}

ToleratedLeaks::~ToleratedLeaks() {
  if (&__lsan_enable != nullptr) __lsan_enable();
}

}  // namespace osbackup::test
