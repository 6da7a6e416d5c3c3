#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>
#include <type_traits>

#include "core/error.hpp"

/// libcurl behind RAII; the only header that includes it. Other headers of this module keep it out of sight.
namespace osbackup::transport {

/// What the caller can do about libcurl's code. The only place that knows the codes.
ErrorKind kind_of(CURLcode code) noexcept;

/// Text that came from outside, as one printable line of at most 200 bytes.
std::string short_line(std::string_view text);

/// The options of one libcurl transfer after another. One thread at a time.
class CurlHandle {
 public:
  CurlHandle();

  /// Back to libcurl's defaults; connections stay open.
  void reset() noexcept { curl_easy_reset(handle_.get()); }

  /// libcurl reads its arguments without knowing their types: a long is a long, never an int.
  template <class Value>
  void set(CURLoption option, Value value) {
    static_assert(std::is_same_v<Value, long> || std::is_pointer_v<Value>, "libcurl reads a long or a pointer");
    require(curl_easy_setopt(handle_.get(), option, value));
  }
  void set(CURLoption option, const std::string& text) { set(option, text.c_str()); }
  void set_large(CURLoption option, curl_off_t value) { require(curl_easy_setopt(handle_.get(), option, value)); }

  /// Nothing but this protocol (`ftp`), whatever a URL or a server says.
  void allow_only(const std::string& protocol);

  long response_code() const;

  /// The socket of a transfer that was told to connect only; still libcurl's to close.
  int connected_socket() const;

  CURL* get() const noexcept { return handle_.get(); }

 private:
  static void require(CURLcode code);

  struct Cleanup {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  };
  std::unique_ptr<CURL, Cleanup> handle_;
};

/// The deleter of libcurl's lists.
struct FreeStrings {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// A list of strings as libcurl takes it. It must outlive the transfer.
class CurlStrings {
 public:
  void add(const std::string& text);
  curl_slist* get() const noexcept { return list_.get(); }

 private:
  std::unique_ptr<curl_slist, FreeStrings> list_;
};

}  // namespace osbackup::transport
