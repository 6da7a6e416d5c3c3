// The bare work of a backup, as the bound that no backup on this machine can be faster than: each directory is walked
// once, every object's metadata is read, every file is read and has its SHA-256, its bytes are deflated by ISA-L on all
// cores in blocks of 1 MiB, and the deflated bytes have one SHA-256 in order. Nothing is kept: no headers, no index, no
// file, no connection.
//
// usage: bench_floor DIRECTORY...
//
// The last line of standard output is what was done, as one JSON object.

#include <dirent.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t kBlockSize = 1U << 20U;
constexpr std::size_t kBlockFilesMax = 512;  // Bounds the directories that blocks hold open.
constexpr std::size_t kBlocksPerWorker = 4;
constexpr std::size_t kDeflatedMax = kBlockSize + kBlockSize / 16;
constexpr std::size_t kListBufferSize = 1U << 18U;
constexpr unsigned kDeflateLevel = 2;

[[noreturn]] void fail(const char* action, const std::string& name) {
  std::fprintf(stderr, "bench_floor: cannot %s %s: %s\n", action, name.c_str(), std::strerror(errno));
  std::_Exit(1);
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { ::close(number_); }
  int number() const { return number_; }

 private:
  int number_;
};

int open_at(int parent, const std::string& name, int flags) {
  const int wanted = flags | O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
  int number = ::openat(parent, name.c_str(), wanted | O_NOATIME);
  if (number < 0 && errno == EPERM) number = ::openat(parent, name.c_str(), wanted);
  if (number < 0) fail("open", name);
  return number;
}

class Sha256 {
 public:
  Sha256() { restart(); }
  void restart() {
    static EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_DigestInit_ex2(context_.get(), kAlgorithm, nullptr);
  }
  void add(const std::uint8_t* bytes, std::size_t count) { EVP_DigestUpdate(context_.get(), bytes, count); }
  std::array<std::uint8_t, 32> finish() {
    std::array<std::uint8_t, 32> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    return digest;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

/// A file of several blocks: whoever has read a slice waits until the slices before it are hashed.
class LargeFile {
 public:
  LargeFile(int number, std::uint64_t size) : descriptor_(number), size_(size) {}
  int number() const { return descriptor_.number(); }

  void hash_in_turn(std::uint64_t offset, const std::uint8_t* bytes, std::size_t count) {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [&] { return hashed_ == offset; });
    digest_.add(bytes, count);
    hashed_ += count;
    if (hashed_ == size_) digest_.finish();
    turn_.notify_all();
  }

 private:
  Descriptor descriptor_;
  std::uint64_t size_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::uint64_t hashed_ = 0;
  Sha256 digest_;
};

/// A whole file of at most a block.
struct SmallFile {
  std::shared_ptr<Descriptor> parent;
  std::string name;
  std::size_t size;
};

/// At most 1 MiB of content: small files, or a slice of a large one.
struct Block {
  std::vector<SmallFile> files;
  std::shared_ptr<LargeFile> large;
  std::uint64_t offset = 0;
  std::size_t size = 0;
  std::uint64_t number = 0;
};

/// Hands blocks to the workers, and their results to one digest in the order of the blocks. Bounded: a block is taken
/// in only when its place in the ring of results is free. Thread-safe.
class Pipeline {
 public:
  explicit Pipeline(std::size_t window) : results_(window) {
    for (Result& result : results_) result.bytes.resize(kDeflatedMax);
  }

  void put(Block block) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return planned_ < hashed_ + results_.size(); });
    block.number = planned_++;
    waiting_.push_back(std::move(block));
    work_.notify_one();
  }

  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    work_.notify_all();
  }

  std::optional<Block> take() {
    std::unique_lock lock(mutex_);
    work_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    Block block = std::move(waiting_.front());
    waiting_.pop_front();
    return block;
  }

  /// Where a worker deflates this block to. Nobody else touches it until deflated().
  std::uint8_t* result(std::uint64_t number) { return results_[number % results_.size()].bytes.data(); }

  /// Whoever brings the block that the digest waits for hashes all that are ready.
  void deflated(std::uint64_t number, std::size_t size) {
    std::unique_lock lock(mutex_);
    results_[number % results_.size()].size = size;
    if (hashing_) return;
    hashing_ = true;
    for (Result* next = &oldest(); next->size != 0; next = &oldest()) {
      lock.unlock();
      digest_.add(next->bytes.data(), next->size);
      lock.lock();
      deflated_bytes_ += next->size;
      next->size = 0;
      ++hashed_;
      room_.notify_one();
    }
    hashing_ = false;
  }

  /// After all workers have ended.
  std::uint64_t deflated_bytes() const { return deflated_bytes_; }
  std::array<std::uint8_t, 32> digest() { return digest_.finish(); }

 private:
  struct Result {
    std::vector<std::uint8_t> bytes;
    std::size_t size = 0;  // 0: not there yet.
  };
  Result& oldest() { return results_[hashed_ % results_.size()]; }

  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable work_;
  std::deque<Block> waiting_;
  std::vector<Result> results_;
  std::uint64_t planned_ = 0;
  std::uint64_t hashed_ = 0;
  std::uint64_t deflated_bytes_ = 0;
  bool ended_ = false;
  bool hashing_ = false;
  Sha256 digest_;
};

/// Reads, hashes and deflates blocks until there are no more; its buffers are used again for each.
class Worker {
 public:
  explicit Worker(Pipeline& pipeline) : pipeline_(pipeline) {}

  void run() {
    while (const std::optional<Block> block = pipeline_.take()) {
      const std::size_t size = block->large ? read_slice(*block) : read_files(*block);
      pipeline_.deflated(block->number, deflate(size, pipeline_.result(block->number)));
    }
  }

 private:
  std::size_t read_files(const Block& block) {
    std::size_t filled = 0;
    for (const SmallFile& file : block.files) {
      const Descriptor descriptor(open_at(file.parent->number(), file.name, 0));
      std::size_t size = 0;
      while (size < file.size) {
        const ssize_t count = ::read(descriptor.number(), content_.data() + filled + size, file.size - size);
        if (count < 0) fail("read", file.name);
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
      }
      digest_.restart();
      digest_.add(content_.data() + filled, size);
      digest_.finish();
      filled += size;
    }
    return filled;
  }

  std::size_t read_slice(const Block& block) {
    std::size_t size = 0;
    while (size < block.size) {
      const ssize_t count = ::pread(block.large->number(), content_.data() + size, block.size - size,
                                    static_cast<off_t>(block.offset + size));
      if (count <= 0) fail("read all of", "a large file");
      size += static_cast<std::size_t>(count);
    }
    block.large->hash_in_turn(block.offset, content_.data(), size);
    return size;
  }

  /// One gzip member. isal_deflate() in a single call: measured, it is a little faster than isal_deflate_stateless().
  std::size_t deflate(std::size_t size, std::uint8_t* out) {
    isal_deflate_init(&stream_);
    stream_.level = kDeflateLevel;
    stream_.level_buf = level_buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
    stream_.gzip_flag = IGZIP_GZIP;
    stream_.end_of_stream = 1;
    stream_.next_in = content_.data();
    stream_.avail_in = static_cast<std::uint32_t>(size);
    stream_.next_out = out;
    stream_.avail_out = static_cast<std::uint32_t>(kDeflatedMax);
    if (isal_deflate(&stream_) != COMP_OK) fail("deflate", "a block");
    return stream_.total_out;
  }

  Pipeline& pipeline_;
  std::vector<std::uint8_t> content_ = std::vector<std::uint8_t>(kBlockSize);
  std::vector<std::uint8_t> level_buffer_ = std::vector<std::uint8_t>(ISAL_DEF_LVL2_DEFAULT);
  isal_zstream stream_{};
  Sha256 digest_;
};

/// Walks directories and fills the pipeline with blocks. Hard links inside one directory are read once.
class Walker {
 public:
  explicit Walker(Pipeline& pipeline) : pipeline_(pipeline) {}

  void walk_configured(const std::string& path) {
    links_.clear();
    walk(std::make_shared<Descriptor>(open_at(AT_FDCWD, path, O_DIRECTORY)));
  }

  void finish() {
    if (!block_.files.empty()) pipeline_.put(std::exchange(block_, {}));
    pipeline_.end();
  }

  std::uint64_t files() const { return files_; }
  std::uint64_t objects() const { return objects_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  /// Recursive: as deep as the tree.
  void walk(const std::shared_ptr<Descriptor>& directory) {
    ++objects_;
    struct stat status {};
    if (::fstat(directory->number(), &status) != 0) fail("stat", "a directory");
    std::vector<std::string> below;
    for (ssize_t listed = list(*directory); listed > 0; listed = list(*directory)) {
      for (ssize_t at = 0; at < listed;) {
        const auto* entry = reinterpret_cast<const dirent64*>(list_buffer_.data() + at);
        at += entry->d_reclen;
        std::string name(entry->d_name);
        if (name == "." || name == "..") continue;
        const unsigned char type = entry->d_type;
        if (type == DT_DIR || add_object(directory, name)) below.push_back(std::move(name));
      }
    }
    for (const std::string& name : below)
      walk(std::make_shared<Descriptor>(open_at(directory->number(), name, O_DIRECTORY)));
  }

  ssize_t list(const Descriptor& directory) {
    const ssize_t listed = ::getdents64(directory.number(), list_buffer_.data(), list_buffer_.size());
    if (listed < 0) fail("list", "a directory");
    return listed;
  }

  /// Whether it is a directory, which is walked later.
  bool add_object(const std::shared_ptr<Descriptor>& parent, const std::string& name) {
    struct stat status {};
    if (::fstatat(parent->number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) fail("stat", name);
    if (S_ISDIR(status.st_mode)) return true;
    ++objects_;
    if (S_ISLNK(status.st_mode)) {
      if (::readlinkat(parent->number(), name.c_str(), target_.data(), target_.size()) < 0) fail("read link", name);
    } else if (S_ISREG(status.st_mode)) {
      if (status.st_nlink == 1 || links_.emplace(status.st_dev, status.st_ino).second)
        add_file(parent, name, static_cast<std::uint64_t>(status.st_size));
    }
    return false;
  }

  void add_file(const std::shared_ptr<Descriptor>& parent, const std::string& name, std::uint64_t size) {
    ++files_;
    bytes_ += size;
    if (size > kBlockSize) {
      add_slices(std::make_shared<LargeFile>(open_at(parent->number(), name, 0), size), size);
      return;
    }
    if (block_.size + size > kBlockSize || block_.files.size() == kBlockFilesMax)
      pipeline_.put(std::exchange(block_, {}));
    block_.size += size;
    block_.files.push_back({parent, name, static_cast<std::size_t>(size)});
  }

  void add_slices(const std::shared_ptr<LargeFile>& file, std::uint64_t size) {
    for (std::uint64_t offset = 0; offset < size; offset += kBlockSize) {
      Block slice;
      slice.large = file;
      slice.offset = offset;
      slice.size = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockSize, size - offset));
      pipeline_.put(std::move(slice));
    }
  }

  Pipeline& pipeline_;
  Block block_;
  std::set<std::pair<dev_t, ino_t>> links_;
  std::vector<char> list_buffer_ = std::vector<char>(kListBufferSize);
  std::vector<char> target_ = std::vector<char>(4096);
  std::uint64_t files_ = 0;
  std::uint64_t objects_ = 0;
  std::uint64_t bytes_ = 0;
};

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_floor DIRECTORY...\n", stderr);
    return 2;
  }
  raise_descriptor_limit();
  const std::size_t workers = std::max(1U, std::thread::hardware_concurrency());
  Pipeline pipeline(workers * kBlocksPerWorker);
  Walker walker(pipeline);
  {
    std::vector<std::jthread> threads;
    for (std::size_t index = 0; index < workers; ++index) threads.emplace_back([&] { Worker(pipeline).run(); });
    for (int index = 1; index < argc; ++index) walker.walk_configured(argv[index]);
    walker.finish();
  }
  std::printf(R"({"objects":%llu,"files":%llu,"bytes":%llu,"deflated_bytes":%llu,"sha256":")",
              static_cast<unsigned long long>(walker.objects()), static_cast<unsigned long long>(walker.files()),
              static_cast<unsigned long long>(walker.bytes()),
              static_cast<unsigned long long>(pipeline.deflated_bytes()));
  for (const std::uint8_t byte : pipeline.digest()) std::printf("%02x", byte);
  std::puts("\"}");
  return 0;
}
