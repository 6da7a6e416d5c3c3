#include "restore/file_receiver.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <string_view>

#include "core/error.hpp"
#include "system/inode_flags.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {
namespace {

using system::FileDescriptor;
using system::system_error;

constexpr int kMakeFile = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
/// btrfs takes it as long as a file is empty.
constexpr char kNoCopyOnWrite = 'C';
constexpr mode_t kSetIdBits = S_ISUID | S_ISGID;
constexpr std::string_view kCapabilities = "security.capability";

}  // namespace

void FileReceiver::begin(const archive::Entry& entry) {
  assert(!file_);
  metadata_ = ObjectMetadata(entry);
  size_ = entry.size;
  const mode_t mode = first_mode(*placement_.place().directory, metadata_);
  placement_.make([&](const NamePlace& place) {
    file_ = FileDescriptor(openat(place.directory, place.name, kMakeFile, mode));
    return static_cast<bool>(file_);
  });
  if (fstat(file_.get(), &status_) != 0) throw system_error("cannot be looked at");
  placement_.set_made(status_);
  if (metadata_.flags.find(kNoCopyOnWrite) != std::string::npos)
    system::set_inode_flags(file_.get(), std::string_view(&kNoCopyOnWrite, 1));
}

void FileReceiver::write(std::uint64_t offset, std::span<const std::byte> content) {
  assert(offset <= size_ && content.size() <= size_ - offset);
  const std::uint64_t end = offset + content.size();
  while (!content.empty()) {
    const ssize_t count = pwrite(file_.get(), content.data(), content.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("cannot be written");
    content = content.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  std::uint64_t known = end_;
  while (known < end && !end_.compare_exchange_weak(known, end)) continue;
}

void FileReceiver::forget_content() {
  set_size(0);
  end_ = 0;
}

void FileReceiver::finish() {
  if (end_ != size_) set_size(size_);
  parts_.metadata.write(held(), metadata_);
  placement_.publish();
  parts_.metadata.write_flags(held(), metadata_);
  close();
  parts_.counter.add({.action = placement_.action(), .size = size_}, [this] { return placement_.place().path(); });
}

std::optional<std::string> FileReceiver::keep_damaged(std::uint64_t right_bytes) {
  if (end_ > right_bytes) set_size(right_bytes);
  set_size(size_);
  metadata_.mode &= ~kSetIdBits;
  metadata_.flags.clear();
  std::erase_if(metadata_.attributes, [](const auto& attribute) { return attribute.name == kCapabilities; });
  parts_.metadata.write(held(), metadata_);
  std::string path = placement_.publish_damaged();
  close();
  parts_.counter.add({.action = ObjectAction::Partial}, [&] { return path; });
  return path;
}

HeldObject FileReceiver::held() const {
  return {.descriptor = file_.get(),
          .is_path_only = false,
          .may_have_acl = placement_.place().directory->gives_acl(),
          .status = status_,
          .path = [this] { return placement_.place().path(); }};
}

/// A hole at the end is never written.
void FileReceiver::set_size(std::uint64_t bytes) {
  if (ftruncate(file_.get(), static_cast<off_t>(bytes)) != 0) throw system_error("cannot be given its size");
}

/// A network file system may say here that it had no room.
void FileReceiver::close() {
  if (::close(file_.release()) != 0 && errno != EINTR) throw system_error("cannot be written");
}

}  // namespace osbackup::restore
