#pragma once

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <string>

#include "core/error.hpp"

/// OpenSSL's libcrypto behind RAII; the only header of this module that includes it.
namespace osbackup::crypto {

/// A deleter that calls the library's own function.
template <auto kFunction>
struct Release {
  template <class Object>
  void operator()(Object* object) const noexcept {
    kFunction(object);
  }
};

/// Throws Internal with the library's own reason when a call failed.
inline void require(bool succeeded, const char* activity) {
  if (succeeded) return;
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  throw Error(ErrorKind::Internal, std::string(activity) + ": " + reason.data());
}

}  // namespace osbackup::crypto
