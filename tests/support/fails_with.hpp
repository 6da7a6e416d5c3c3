#pragma once

#include <gmock/gmock.h>

#include <string>

#include "core/error.hpp"

namespace osbackup::test {

/// Matches something callable that throws an Error of this kind whose message has this text in it.
inline auto fails_with(ErrorKind kind, const std::string& text) {
  return ::testing::Throws<Error>(
      ::testing::AllOf(::testing::Property("kind", &Error::kind, kind),
                       ::testing::Property("what", &Error::what, ::testing::HasSubstr(text))));
}

}  // namespace osbackup::test
