#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backup/archive_source.hpp"
#include "backup/written_bytes.hpp"
#include "core/byte_sink.hpp"
#include "core/error.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::backup {

/// Where an engine puts the archive, and from where the delivery takes it at the same time on another thread.
///
/// Three parties: the engine calls write() or adopt(), on one thread at a time; a reader calls the functions of
/// ArchiveSource and stop_reading(), on one thread at a time; who started both calls finish() or abandon() when the
/// engine has ended. Between the parties it is thread-safe.
class Spool : public ByteSink, public ArchiveSource {
 public:
  /// Takes over an archive that was made as a file in the run directory, instead of write(). The file is complete.
  virtual void adopt(const std::filesystem::path& file) = 0;

  /// The archive is complete: what was written is all of it. Before that no reader sees an end.
  void finish() { written_.finish(); }

  /// The archive will never be complete: a reader's next read() throws Cancelled. Nothing after finish().
  void abandon(const std::string& reason) { written_.abandon(reason); }

  /// The reader takes no more, for this reason. A spool that needs its reader then refuses to be written to: write()
  /// throws the reason.
  virtual void stop_reading(const Error& reason) = 0;

  /// What write() threw because the reader takes no more, if it did.
  virtual std::optional<Error> refusal() const = 0;

  /// The archive on this host's disk; nothing when it is not kept there.
  virtual std::optional<std::filesystem::path> file() const = 0;

  std::optional<std::uint64_t> size() const final { return written_.total(); }

 protected:
  WrittenBytes written_;
};

/// `spool = disk`: a file in the run directory. It outlives the object, and what its reader does is nothing to its
/// writer.
class DiskSpool final : public Spool {
 public:
  /// The file is made by the first write().
  explicit DiskSpool(std::filesystem::path file) : file_(std::move(file)) {}

  /// NoSpace names the size reached and what can be done.
  void write(std::span<const std::byte> bytes) override;
  void adopt(const std::filesystem::path& file) override;
  std::size_t read(std::uint64_t offset, std::span<std::byte> out, const std::stop_token& stop) override;
  bool can_go_back() const noexcept override { return true; }
  void stop_reading(const Error&) override {}
  std::optional<Error> refusal() const override { return std::nullopt; }
  /// Not while the engine writes.
  std::optional<std::filesystem::path> file() const override { return file_; }

 private:
  std::filesystem::path file_;
  system::FileDescriptor descriptor_;
};

/// `spool = memory`: a ring of bytes. Whoever writes waits while it is full.
class MemorySpool final : public Spool {
 public:
  static constexpr std::size_t kBytesMax = 16U << 20U;

  explicit MemorySpool(std::size_t bytes_max = kBytesMax) : ring_(bytes_max) {}

  void write(std::span<const std::byte> bytes) override;
  /// Writes the file's content; the file stays where it is.
  void adopt(const std::filesystem::path& file) override;
  std::size_t read(std::uint64_t offset, std::span<std::byte> out, const std::stop_token& stop) override;
  bool can_go_back() const noexcept override { return false; }
  void stop_reading(const Error& reason) override;
  std::optional<Error> refusal() const override;
  std::optional<std::filesystem::path> file() const override { return std::nullopt; }

 private:
  /// Waits until that many bytes are free; throws the reason for which the reader takes no more.
  void wait_for_room(std::uint64_t written, std::size_t bytes);

  // The writer owns what is free, the reader what is filled; only the counters between the two are guarded.
  std::vector<std::byte> ring_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::uint64_t taken_ = 0;
  std::optional<Error> reader_failure_;
  bool refused_ = false;
};

}  // namespace osbackup::backup
