#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/entry.hpp"
#include "archive/gzip_member.hpp"
#include "core/byte_sink.hpp"
#include "crypto/digest.hpp"

namespace osbackup::archive {

/// Where an entry lies (docs/format.md, "Index").
struct Placement {
  std::uint64_t directory = 0;  ///< Number of the directory in the manifest.
  std::uint64_t member = 0;     ///< Offset, in its `.tar.gz`, of the member with the entry's first record.
  std::uint64_t skip = 0;       ///< Uncompressed bytes before that record in the member.
  std::uint64_t span = 0;       ///< Compressed bytes from `member` to the end of the entry's last member.
};

/// The part of an index line that is known when the entry is encoded: JSON from `{` up to, without, what
/// complete_index_line adds. Thread-safe.
std::string index_line_head(const Entry& entry);

/// The same of an entry without attributes and extents, of which only this is known.
std::string index_line_head(const Entry& entry, const std::optional<crypto::Sha256Digest>& attributes_digest,
                            bool has_holes);

/// Completes a line: `sha256` of the content if there is one, `changed` if it is true, `dir`, `member`, `skip`, `span`,
/// the closing brace and the newline. Thread-safe.
void complete_index_line(std::string& line, const std::optional<crypto::Sha256Digest>& digest, bool changed,
                         const Placement& placement);

/// SHA-256 of an object's attributes (docs/format.md, "Index"): for each, in the order of their names, the length of
/// the name as 8 bytes little-endian, the name, the length of the value likewise, the value. Thread-safe.
crypto::Sha256Digest attributes_digest(const std::vector<Attribute>& attributes);

/// Numbers about a stream of JSON lines in gzip members, as the manifest gives them.
struct LinesSummary {
  std::uint64_t length = 0;  ///< Compressed bytes.
  std::uint64_t lines = 0;
  crypto::Sha256Digest sha256{};  ///< Of the compressed bytes.
};

/// Writes JSON lines as gzip members of about 64 KiB of text each, without the subfield's promise being needed to read
/// them: `gzip -dc` gives the lines. One thread at a time.
class JsonLinesWriter {
 public:
  explicit JsonLinesWriter(ByteSink& sink);

  /// What one member holds.
  struct Block {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::uint64_t lines = 0;
    crypto::Sha256Digest sha256{};  ///< Of the compressed bytes.
  };

  /// Adds a line, which ends in a newline. Gives the block that it completed, if it did.
  std::optional<Block> add(std::string_view line);

  /// Ends the block before it is full. Nothing when no line waits for one.
  std::optional<Block> end_block();

  /// Writes what is left, if anything is. Afterwards summary() is complete.
  std::optional<Block> finish();

  LinesSummary summary() const { return summary_; }

 private:
  Block flush();

  ByteSink& sink_;
  GzipMemberEncoder encoder_;
  crypto::Sha256 digest_;
  LinesSummary summary_;
  std::string text_;
  std::uint64_t text_lines_ = 0;
  std::vector<std::byte> member_;
};

/// Writes the index, and beside it the list of its blocks (docs/format.md, "Entries of the zip"). One thread at a time.
class IndexWriter {
 public:
  IndexWriter(ByteSink& index, ByteSink& blocks) : index_(index), blocks_(blocks) {}

  /// Adds a complete line. Paths come in the archive's order; one that does not begins a block, so that inside each
  /// block they do.
  void add(const std::string& path, std::string_view line);
  void finish();

  LinesSummary index() const { return index_.summary(); }
  LinesSummary blocks() const { return blocks_.summary(); }

 private:
  void list_block(const JsonLinesWriter::Block& block);

  JsonLinesWriter index_;
  JsonLinesWriter blocks_;
  std::string first_path_;
  std::string last_path_;
};

/// A line of `osbackup/warnings.jsonl.gz`: a path as the index has it, and what is wrong with it. Thread-safe.
std::string warning_line(std::string_view path, std::string_view reason);

}  // namespace osbackup::archive
