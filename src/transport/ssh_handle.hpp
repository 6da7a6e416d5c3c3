#pragma once

#include <libssh2.h>
#include <libssh2_sftp.h>

#include <memory>

/// libssh2 behind RAII; the only header that includes it. Other headers of this module keep it out of sight.
namespace osbackup::transport {

/// The deleter of a session without a channel, or whose connection is shut down: else libssh2 would wait for the
/// server.
struct FreeSshSession {
  void operator()(LIBSSH2_SESSION* session) const noexcept;
};
using SshHandle = std::unique_ptr<LIBSSH2_SESSION, FreeSshSession>;

/// Where libssh2 gets its memory from; the C library's when there is none.
struct SshMemory {
  LIBSSH2_ALLOC_FUNC((*allocate)) = nullptr;
  LIBSSH2_FREE_FUNC((*release)) = nullptr;
  LIBSSH2_REALLOC_FUNC((*reallocate)) = nullptr;
};

/// A session that waits for nothing: what cannot be done now gives LIBSSH2_ERROR_EAGAIN. `owner` is what callbacks get.
SshHandle make_ssh_handle(SshMemory memory = {}, void* owner = nullptr);

/// The deleter of libssh2's known hosts.
struct FreeKnownHosts {
  void operator()(LIBSSH2_KNOWNHOSTS* hosts) const noexcept { libssh2_knownhost_free(hosts); }
};
using KnownHostsHandle = std::unique_ptr<LIBSSH2_KNOWNHOSTS, FreeKnownHosts>;

}  // namespace osbackup::transport
