#include "transport/curl_handle.hpp"

#include "core/encoding.hpp"

namespace osbackup::transport {
namespace {

/// libcurl must be prepared once, before threads use it; a static local is.
void prepare_library() {
  static const CURLcode kPrepared = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kPrepared != CURLE_OK) throw Error(ErrorKind::Internal, std::string("libcurl: ") + curl_easy_strerror(kPrepared));
}

}  // namespace

ErrorKind kind_of(CURLcode code) noexcept {
  switch (code) {
    case CURLE_URL_MALFORMAT:
      return ErrorKind::Usage;
    case CURLE_LOGIN_DENIED:
      return ErrorKind::LoginRefused;
    case CURLE_REMOTE_ACCESS_DENIED:
    case CURLE_UPLOAD_FAILED:
    case CURLE_QUOTE_ERROR:
    case CURLE_FTP_COULDNT_RETR_FILE:
    case CURLE_REMOTE_FILE_EXISTS:
      return ErrorKind::Denied;
    case CURLE_REMOTE_FILE_NOT_FOUND:
      return ErrorKind::NotFound;
    case CURLE_REMOTE_DISK_FULL:
      return ErrorKind::NoSpace;
    case CURLE_BAD_DOWNLOAD_RESUME:
    case CURLE_RANGE_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:  // An HTTP server that answers in another language.
      return ErrorKind::Corrupt;
    case CURLE_ABORTED_BY_CALLBACK:
      return ErrorKind::Cancelled;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
      return ErrorKind::Internal;
    default:
      // Names that do not resolve, refused and broken connections, timeouts, replies that make no sense.
      return ErrorKind::Unavailable;
  }
}

std::string short_line(std::string_view text) {
  constexpr std::size_t kBytesMax = 200;
  return printable(one_line(text), kBytesMax);
}

CurlHandle::CurlHandle() {
  prepare_library();
  handle_.reset(curl_easy_init());
  if (!handle_) throw Error(ErrorKind::Internal, "libcurl gave no handle");
}

void CurlHandle::allow_only(const std::string& protocol) {
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, protocol);
#else
  set(CURLOPT_PROTOCOLS, protocol == "ftp"    ? CURLPROTO_FTP + 0L
                         : protocol == "smtp" ? CURLPROTO_SMTP + 0L
                                              : CURLPROTO_HTTP + 0L);
#endif
}

long CurlHandle::response_code() const {
  long code = 0;
  require(curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code));
  return code;
}

int CurlHandle::connected_socket() const {
  curl_socket_t socket = CURL_SOCKET_BAD;
  require(curl_easy_getinfo(handle_.get(), CURLINFO_ACTIVESOCKET, &socket));
  if (socket == CURL_SOCKET_BAD) throw Error(ErrorKind::Unavailable, "libcurl: the connection is gone");
  return socket;
}

void CurlHandle::require(CURLcode code) {
  if (code != CURLE_OK) throw Error(ErrorKind::Internal, std::string("libcurl: ") + curl_easy_strerror(code));
}

void CurlStrings::add(const std::string& text) {
  curl_slist* longer = curl_slist_append(list_.get(), text.c_str());
  if (!longer) throw Error(ErrorKind::Internal, "libcurl: out of memory");
  // The head of a list that was not empty stays the same.
  if (!list_) list_.reset(longer);
}

}  // namespace osbackup::transport
