#include "transport/ssh_handle.hpp"

#include "core/error.hpp"

namespace osbackup::transport {

void FreeSshSession::operator()(LIBSSH2_SESSION* session) const noexcept {
  while (libssh2_session_free(session) == LIBSSH2_ERROR_EAGAIN) {
  }
}

SshHandle make_ssh_handle(SshMemory memory, void* owner) {
  // libssh2 must be prepared once, before threads use it; a static local is.
  static const int kPrepared = libssh2_init(0);
  SshHandle handle(kPrepared == 0 ? libssh2_session_init_ex(memory.allocate, memory.release, memory.reallocate, owner)
                                  : nullptr);
  if (!handle) throw Error(ErrorKind::Internal, "libssh2 gave no session");
  libssh2_session_set_blocking(handle.get(), 0);
  return handle;
}

}  // namespace osbackup::transport
