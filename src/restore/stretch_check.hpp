#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "archive/zip_writer.hpp"
#include "core/byte_source.hpp"
#include "core/range_reader.hpp"
#include "restore/index_stretches.hpp"
#include "restore/job_queue.hpp"
#include "restore/member_check.hpp"
#include "restore/structure_check.hpp"

namespace osbackup::restore {

/// The bytes of one directory's zip entry on their way, in order. One thread at a time.
class DirectoryBytes {
 public:
  /// What is read counts as progress. What is referred to outlives it.
  DirectoryBytes(std::shared_ptr<const RangeReader> archive, archive::ZipPlace place, const CheckContext& context)
      : archive_(std::move(archive)), place_(place), context_(context) {}

  std::uint64_t position() const noexcept { return position_; }
  std::uint64_t size() const noexcept { return place_.length; }

  /// Unavailable when the archive ends too early, which it did not when it was opened. Cancelled when it is stopped.
  void read(std::span<std::byte> out);

  /// Reads up to `offset`.
  void read_to(std::uint64_t offset);

  /// Goes to `offset`, in a stream of its own if that is elsewhere.
  void jump_to(std::uint64_t offset);

  /// A stretch of them, for another look at it.
  FileSpan span(std::uint64_t begin, std::uint64_t end) const;

  /// Of all that was read.
  std::uint32_t crc() const noexcept { return crc_; }

 private:
  std::shared_ptr<const RangeReader> archive_;
  archive::ZipPlace place_;
  const CheckContext& context_;
  std::uint64_t position_ = 0;
  std::unique_ptr<ByteSource> stream_;
  std::uint32_t crc_ = 0;
};

/// Reads the members of a stretch, all to its end, and has them inflated and compared with its lines. One thread at a
/// time.
class StretchCheck {
 public:
  /// What is referred to outlives it, and `report` the jobs.
  StretchCheck(DirectoryBytes& bytes, JobQueue& jobs, const DataReport& report)
      : bytes_(bytes), jobs_(jobs), report_(report) {}

  /// From the stretch's begin, where the bytes are, to its end.
  void run(Stretch stretch);

  /// What all members said that they hold.
  std::uint64_t content_bytes() const noexcept { return content_bytes_; }

 private:
  struct Member {
    std::vector<std::byte> bytes;
    std::uint64_t content_bytes = 0;  ///< That it says it holds.
    std::string problem = {};         ///< Why it is not inflated as it is; empty when it can be tried.
  };

  void read_member(std::uint64_t end, Member& member);
  void check_next(Stretch& stretch);
  std::vector<archive::IndexEntry> take_lines(Stretch& stretch);
  void check_large(archive::IndexEntry line, Member first);
  void check_small(std::vector<archive::IndexEntry> lines, Member member, MemberFacts facts);
  void check_damaged(archive::IndexEntry line, std::uint64_t begin, const Error& why);
  void lose(const std::vector<archive::IndexEntry>& lines, const std::string& why);

  DirectoryBytes& bytes_;
  JobQueue& jobs_;
  const DataReport& report_;
  std::size_t next_line_ = 0;
  std::uint64_t content_bytes_ = 0;
};

}  // namespace osbackup::restore
