#include "storage/folder_destination.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>

#include "core/error.hpp"
#include "core/range_source.hpp"
#include "storage/object_name.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::storage {
namespace {

using system::FileDescriptor;
using system::system_error;

FileDescriptor open_folder(const std::filesystem::path& folder) {
  return system::open_file(folder, {.flags = O_RDONLY | O_DIRECTORY});
}

void remove_file(const FileDescriptor& folder, const std::string& name) {
  if (::unlinkat(folder.get(), name.c_str(), 0) != 0 && errno != ENOENT) throw system_error("remove " + name);
}

/// Corrupt when the file does not have the bytes.
void require_bytes(const FileDescriptor& file, const std::string& name, RangeSource::Part part) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw system_error("read " + name);
  if (!S_ISREG(status.st_mode)) throw Error(ErrorKind::NotFound, "read " + name + ": it is not a regular file");
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  if (part.offset > bytes || part.length > bytes - part.offset)
    throw Error(ErrorKind::Corrupt, fmt::format("read {}: bytes {} to {} are wanted and the file has {}", name,
                                                part.offset, part.offset + part.length, bytes));
}

void read_file(const FileDescriptor& file, const std::string& name, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t count = ::pread(file.get(), out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read " + name);
    if (count == 0) throw Error(ErrorKind::Corrupt, "read " + name + ": the file became shorter");
    out = out.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
}

/// A part of a file, read on from its beginning.
class FolderStream final : public ByteSource {
 public:
  FolderStream(FileDescriptor file, std::string name, RangeSource::Part part, TrafficCount& traffic)
      : file_(std::move(file)), name_(std::move(name)), left_(part), traffic_(traffic) {}

  std::size_t read(std::span<std::byte> out) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_.length));
    read_file(file_, name_, left_.offset, out.first(count));
    skip(count);
    traffic_.add_bytes(count);
    return count;
  }

  std::uint64_t skip(std::uint64_t bytes) override {
    bytes = std::min(bytes, left_.length);
    left_.offset += bytes;
    left_.length -= bytes;
    return bytes;
  }

 private:
  FileDescriptor file_;
  std::string name_;
  RangeSource::Part left_;
  TrafficCount& traffic_;
};

class FolderUpload final : public Upload {
 public:
  FolderUpload(FileDescriptor folder, std::string name, TrafficCount& traffic)
      : folder_(std::move(folder)), temporary_name_(std::move(name)), traffic_(traffic) {
    remove_file(folder_, temporary_name_);
    file_ = system::open_file_at(folder_, temporary_name_, {.flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW});
  }

  ~FolderUpload() override {
    if (!committed_) ::unlinkat(folder_.get(), temporary_name_.c_str(), 0);
  }

  void append(std::span<const std::byte> bytes) override {
    assert(!committed_);
    system::write_all(file_, bytes, temporary_name_);
  }

  std::uint64_t stored() override {
    struct stat status {};
    if (::fstat(file_.get(), &status) != 0) throw system_error("ask for the size of " + temporary_name_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  void read(std::uint64_t offset, std::span<std::byte> out) override {
    traffic_.begin_read();
    require_bytes(file_, temporary_name_, {.offset = offset, .length = out.size()});
    read_file(file_, temporary_name_, offset, out);
    traffic_.add_bytes(out.size());
  }

  void commit(const std::string& name) override {
    assert(!committed_);
    require_object_name(name);
    if (::fsync(file_.get()) != 0) throw system_error("write " + temporary_name_ + " to disk");
    if (!system::rename_to_free_name(folder_.get(), temporary_name_.c_str(), name.c_str())) {
      if (errno != EEXIST) throw system_error(fmt::format("rename {} to {}", temporary_name_, name));
      throw Error(ErrorKind::Exists, "publish " + name + ": an object of that name exists already");
    }
    committed_ = true;
    if (::fsync(folder_.get()) != 0 && errno != EINVAL) throw system_error("write the name " + name + " to disk");
  }

 private:
  FileDescriptor folder_;
  std::string temporary_name_;
  TrafficCount& traffic_;
  FileDescriptor file_;
  bool committed_ = false;
};

struct CloseDirectory {
  void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

}  // namespace

std::unique_ptr<Upload> FolderDestination::begin(const std::string& temporary_name) {
  require_object_name(temporary_name);
  system::make_directories(folder_);
  return std::make_unique<FolderUpload>(open_folder(folder_), temporary_name, traffic_);
}

void FolderDestination::read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) {
  stream(name, offset, out.size())->read(out);
}

std::unique_ptr<ByteSource> FolderDestination::stream(const std::string& name, std::uint64_t offset,
                                                      std::uint64_t length) {
  require_object_name(name);
  traffic_.begin_read();
  FileDescriptor file;
  try {
    file = system::open_file_at(open_folder(folder_), name, {.flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK});
  } catch (const Error& error) {
    throw error.within("read " + name);
  }
  require_bytes(file, name, {.offset = offset, .length = length});
  return std::make_unique<FolderStream>(std::move(file), name, RangeSource::Part{.offset = offset, .length = length},
                                        traffic_);
}

std::vector<ObjectInfo> FolderDestination::list(const std::string& prefix) {
  const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(folder_.c_str()));
  if (!directory && errno == ENOENT) return {};
  if (!directory) throw system_error("list " + folder_.string());
  std::vector<ObjectInfo> found;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (!entry && errno != 0) throw system_error("list " + folder_.string());
    if (!entry) break;
    const std::string name = entry->d_name;
    struct stat status {};
    if (!is_object_name(name) || !name.starts_with(prefix) ||
        ::fstatat(::dirfd(directory.get()), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
      continue;
    found.push_back({.name = name, .bytes = static_cast<std::uint64_t>(status.st_size)});
  }
  std::sort(found.begin(), found.end(), [](const ObjectInfo& a, const ObjectInfo& b) { return a.name < b.name; });
  return found;
}

void FolderDestination::remove(const std::string& name) {
  require_object_name(name);
  std::error_code problem;
  if (!std::filesystem::exists(folder_, problem) && !problem) return;
  remove_file(open_folder(folder_), name);
}

}  // namespace osbackup::storage
