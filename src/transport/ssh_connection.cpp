#include "transport/ssh_connection.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "core/encoding.hpp"
#include "transport/host_keys.hpp"
#include "transport/sftp_status.hpp"

namespace osbackup::transport {
namespace {

constexpr const char* kCiphers = "aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr";
constexpr const char* kDigests =
    "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512";

/// One of SSH's negotiations (RFC 4253, 7.1), and what we agree to, the best first.
struct Methods {
  int kind = 0;
  const char* names = nullptr;
};

/// What libssh2 knows beside these is weak: SHA-1, MD5, CBC, RC4. What it does not know of these is left out.
constexpr std::array kMethods = {
    Methods{LIBSSH2_METHOD_KEX,
            "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
            "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group-exchange-sha256,"
            "diffie-hellman-group14-sha256"},
    Methods{LIBSSH2_METHOD_CRYPT_CS, kCiphers},
    Methods{LIBSSH2_METHOD_CRYPT_SC, kCiphers},
    Methods{LIBSSH2_METHOD_MAC_CS, kDigests},
    Methods{LIBSSH2_METHOD_MAC_SC, kDigests},
};

/// What libssh2 says when the server's answer was a status. With other words of the same code it means an answer that
/// it did not understand, and the status is that of something earlier.
constexpr std::array<std::string_view, 6> kRefusals = {
    "SFTP Protocol Error",     "Failed opening remote file",
    "FXP write failed",        "SFTP READ error",
    "Operation Not Supported", "File already exists and SSH_FXP_RENAME_OVERWRITE not specified"};

/// The key's digest as ssh-keygen -l shows it.
std::string fingerprint_of(LIBSSH2_SESSION* ssh) {
  constexpr std::size_t kDigestBytes = 32;
  const char* digest = libssh2_hostkey_hash(ssh, LIBSSH2_HOSTKEY_HASH_SHA256);
  if (!digest) return "";
  std::string text = base64_encode({digest, kDigestBytes});
  while (text.ends_with('=')) text.pop_back();
  return " SHA256:" + text;
}

}  // namespace

SshConnection::SshConnection(const SftpSettings& settings, TransferLimits limits)
    : settings_(settings),
      limits_(std::move(limits)),
      tcp_(settings.host, settings.port, limits_),
      callbacks_(settings_, limits_),
      ssh_(callbacks_.make_session()) {
  // A login that fails leaves nothing that would have to be closed politely.
  try {
    shake_hands();
    log_in();
  } catch (...) {
    lose();
    throw;
  }
}

SshConnection::~SshConnection() {
  if (!lost_) libssh2_session_disconnect(ssh_.get(), "done");
  lose();
  if (sftp_) libssh2_sftp_shutdown(sftp_);
}

bool SshConnection::is_alive() const noexcept {
  // Where a stream was given up, libssh2 counts the 60 s that it waits for the next answer from then on.
  constexpr std::chrono::seconds kIdleMax{30};
  if (lost_ || std::chrono::steady_clock::now() - last_progress_ > kIdleMax) return false;
  char byte = 0;
  const ssize_t count = ::recv(tcp_.socket(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count > 0 || (count < 0 && errno == EAGAIN);
}

void SshConnection::lose() noexcept {
  lost_ = true;
  tcp_.shut_down();
}

void SshConnection::begin(const std::string& activity) {
  if (limits_.must_stop()) throw Error(ErrorKind::Cancelled, activity + ": stopped");
  last_progress_ = std::chrono::steady_clock::now();
}

void SshConnection::wait(const std::string& activity) {
  poll();
  if (limits_.must_stop()) give_up(activity, SshCallbacks::Ending::Stopped);
  if (std::chrono::steady_clock::now() - last_progress_ >= limits_.timeout)
    give_up(activity, SshCallbacks::Ending::Late);
}

void SshConnection::give_up(const std::string& activity, SshCallbacks::Ending why) {
  lose();
  switch (why) {
    case SshCallbacks::Ending::Stopped:
      throw Error(ErrorKind::Cancelled, activity + ": stopped");
    case SshCallbacks::Ending::Flooded:
      throw Error(ErrorKind::Unavailable, activity + ": the server sends far more than it was asked for");
    default:
      throw Error(ErrorKind::Unavailable, fmt::format("{}: the server has not answered for {} s", activity,
                                                      std::chrono::duration<double>(limits_.timeout).count()));
  }
}

/// Waits, for a short time, until something can be moved.
void SshConnection::poll() noexcept {
  // The longest that a requested stop goes unnoticed.
  constexpr int kMilliseconds = 100;
  const int directions = libssh2_session_block_directions(ssh_.get());
  const bool is_writing = (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0;
  const bool is_reading = (directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0 || !is_writing;
  pollfd waited{.fd = tcp_.socket(), .events = 0, .revents = 0};
  waited.events = static_cast<short>((is_writing ? POLLOUT : 0) | (is_reading ? POLLIN : 0));
  if (::poll(&waited, 1, kMilliseconds) > 0) last_progress_ = std::chrono::steady_clock::now();
}

int SshConnection::close(LIBSSH2_SFTP_HANDLE* handle) noexcept {
  const auto begun = std::chrono::steady_clock::now();
  for (;;) {
    callbacks_.begin_call();
    const int result = libssh2_sftp_close_handle(handle);
    if (result != LIBSSH2_ERROR_EAGAIN) {
      if (callbacks_.ending() || (result != 0 && result != LIBSSH2_ERROR_SFTP_PROTOCOL)) lose();
      return result;
    }
    // Without a connection libssh2 waits for nothing.
    const bool is_late = std::chrono::steady_clock::now() - begun >= limits_.timeout;
    if (!lost_ && (is_late || limits_.must_stop())) lose();
    poll();
  }
}

std::optional<unsigned long> SshConnection::refusal() const noexcept {
  if (!sftp_ || libssh2_session_last_errno(ssh_.get()) != LIBSSH2_ERROR_SFTP_PROTOCOL) return std::nullopt;
  if (std::find(kRefusals.begin(), kRefusals.end(), words()) == kRefusals.end()) return std::nullopt;
  const unsigned long status = libssh2_sftp_last_error(sftp_);
  return status == LIBSSH2_FX_OK ? std::nullopt : std::optional(status);
}

Error SshConnection::failure(const std::string& activity) {
  if (const std::optional<unsigned long> status = refusal()) return sftp_refusal(activity, *status);
  const int code = libssh2_session_last_errno(ssh_.get());
  lose();
  return {code == LIBSSH2_ERROR_ALLOC ? ErrorKind::Internal : ErrorKind::Unavailable,
          fmt::format("{}: the connection broke: {}", activity, short_line(std::string(words())))};
}

std::string_view SshConnection::words() const noexcept {
  char* words = nullptr;
  libssh2_session_last_error(ssh_.get(), &words, nullptr, 0);
  return words ? words : "";
}

bool SshConnection::is_missing() const noexcept {
  const std::optional<unsigned long> status = refusal();
  return status && kind_of_sftp_status(*status) == ErrorKind::NotFound;
}

bool SshConnection::is_unexplained() const noexcept { return refusal() == LIBSSH2_FX_FAILURE; }

void SshConnection::shake_hands() {
  const std::string activity = "connect to " + settings_.host;
  const HostKeys keys(settings_.known_hosts, settings_.host, settings_.port);
  // So that the server shows a key that we can know.
  const std::string methods = keys.methods();
  if (!methods.empty()) agree_to(LIBSSH2_METHOD_HOSTKEY, methods);
  for (const Methods& agreed : kMethods) agree_to(agreed.kind, agreed.names);
  if (complete(activity, [&] { return libssh2_session_handshake(ssh_.get(), tcp_.socket()); }) != 0) {
    if (libssh2_session_last_errno(ssh_.get()) != LIBSSH2_ERROR_KEX_FAILURE) throw failure(activity);
    throw Error(ErrorKind::Refused,
                fmt::format("{}: it knows no method of SSH that is safe and known here{}", activity,
                            methods.empty() ? ""
                                            : fmt::format(", or shows no key of the kinds that {} has of it: {}",
                                                          settings_.known_hosts_place, methods)));
  }
  require_known_server(keys);
}

void SshConnection::agree_to(int kind, std::string_view names) {
  // libssh2 1.10 takes names out that it does not know by copying over its own bytes, so none is shown to it.
  const char** supported = nullptr;
  const int count = libssh2_session_supported_algs(ssh_.get(), kind, &supported);
  const std::span<const char*> known(supported, count > 0 ? static_cast<std::size_t>(count) : 0);
  std::string agreed;
  while (!names.empty()) {
    const std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (std::find(known.begin(), known.end(), name) != known.end())
      agreed.append(agreed.empty() ? "" : ",").append(name);
  }
  if (supported) libssh2_free(ssh_.get(), static_cast<void*>(supported));
  if (agreed.empty() || libssh2_session_method_pref(ssh_.get(), kind, agreed.c_str()) != 0)
    throw Error(ErrorKind::Internal, fmt::format("libssh2 has no safe method of kind {}", kind));
}

void SshConnection::require_known_server(const HostKeys& keys) {
  std::size_t bytes = 0;
  int type = 0;
  const char* key = libssh2_session_hostkey(ssh_.get(), &bytes, &type);
  const HostKeys::Verdict verdict = key ? keys.judge({key, bytes}) : HostKeys::Verdict::Unknown;
  if (verdict == HostKeys::Verdict::Known) return;
  const std::string begin = fmt::format("connect to {}: its host key{}", settings_.host, fingerprint_of(ssh_.get()));
  const std::string& place = settings_.known_hosts_place;
  if (verdict == HostKeys::Verdict::Revoked)
    throw Error(ErrorKind::Refused, fmt::format("{} is revoked in {}", begin, place));
  if (verdict == HostKeys::Verdict::Changed)
    throw Error(ErrorKind::Refused,
                fmt::format("{} is not the one in {}: somebody else may answer there. If the server's key was changed, "
                            "remove the old one with: ssh-keygen -R '[{}]:{}' -f FILE",
                            begin, place, settings_.host, settings_.port));
  throw Error(ErrorKind::Refused,
              fmt::format("{} is not in {}: compare it with the server's own (ssh-keygen -l -f), and add what this "
                          "prints: ssh-keyscan -p {} {}",
                          begin, place, settings_.port, settings_.host));
}

void SshConnection::log_in() {
  const std::string activity = fmt::format("log in to {} as {}", settings_.host, settings_.user);
  const int result = settings_.private_key.empty() ? log_in_with_password(activity) : log_in_with_key(activity);
  if (result != 0) throw login_failure(activity, result);
  sftp_ = complete(activity, [&] { return libssh2_sftp_init(ssh_.get()); });
  if (sftp_) return;
  const int code = libssh2_session_last_errno(ssh_.get());
  const bool is_there = is_alive();
  const Error error = failure(activity);
  // What libssh2 says when the server has no such subsystem, and when it has gone.
  if (!is_there) throw error;
  if (code == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED || code == LIBSSH2_ERROR_CHANNEL_FAILURE)
    throw Error(ErrorKind::Denied, activity + ": the server offers no SFTP to this user");
  throw error;
}

int SshConnection::log_in_with_key(const std::string& activity) {
  // Without one OpenSSL would ask at the terminal.
  constexpr const char* kNoPassPhrase = "";
  const std::string& user = settings_.user;
  const std::string& key = settings_.private_key.reveal();
  return complete(activity, [&] {
    return libssh2_userauth_publickey_frommemory(ssh_.get(), user.data(), user.size(), nullptr, 0, key.data(),
                                                 key.size(), kNoPassPhrase);
  });
}

int SshConnection::log_in_with_password(const std::string& activity) {
  const std::string& user = settings_.user;
  const std::string& password = settings_.password.reveal();
  const auto user_bytes = static_cast<unsigned>(user.size());
  const char* methods = complete(activity, [&] { return libssh2_userauth_list(ssh_.get(), user.data(), user_bytes); });
  if (!methods) return libssh2_userauth_authenticated(ssh_.get()) ? 0 : libssh2_session_last_errno(ssh_.get());
  const std::string_view offered = methods;
  if (offered.find("password") == std::string_view::npos &&
      offered.find("keyboard-interactive") != std::string_view::npos)
    return complete(activity, [&] {
      return libssh2_userauth_keyboard_interactive_ex(ssh_.get(), user.data(), user_bytes,
                                                      &SshCallbacks::answer_prompts);
    });
  return complete(activity, [&] {
    return libssh2_userauth_password_ex(ssh_.get(), user.data(), user_bytes, password.data(),
                                        static_cast<unsigned>(password.size()), nullptr);
  });
}

Error SshConnection::login_failure(const std::string& activity, int result) {
  const bool has_key = !settings_.private_key.empty();
  switch (result) {
    case LIBSSH2_ERROR_SOCKET_NONE:  // It has no word for it.
    case LIBSSH2_ERROR_PROTO:
    case LIBSSH2_ERROR_FILE:
    case LIBSSH2_ERROR_KEYFILE_AUTH_FAILED:
    case LIBSSH2_ERROR_METHOD_NONE:
    case LIBSSH2_ERROR_METHOD_NOT_SUPPORTED:
      if (!has_key) break;
      return {ErrorKind::Usage, activity +
                                    ": [Ftp] private_key is no key that can be used: one without a pass phrase is "
                                    "made with: ssh-keygen -t ed25519 -N ''"};
    case LIBSSH2_ERROR_AUTHENTICATION_FAILED:
    case LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED:
    case LIBSSH2_ERROR_PASSWORD_EXPIRED:
      if (words().starts_with("Waiting for")) break;  // The answer never came.
      return {ErrorKind::LoginRefused,
              fmt::format("{}: the server refuses the login: check [Ftp] user and {}", activity,
                          has_key ? "private_key (ed25519 or ECDSA, not RSA)" : "password")};
    default:
      break;
  }
  return failure(activity);
}

}  // namespace osbackup::transport
