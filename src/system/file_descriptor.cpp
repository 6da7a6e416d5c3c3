#include "system/file_descriptor.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace osbackup::system {

void FileDescriptor::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void occupy_standard_descriptors() noexcept {
  // Each is opened in the direction that it is not used in. The lowest free number is the one that open() gives.
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (fcntl(number, F_GETFD) < 0) open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

}  // namespace osbackup::system
