#include "system/file_descriptor.hpp"

#include <unistd.h>

namespace osbackup::system {

void FileDescriptor::close() noexcept {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace osbackup::system
