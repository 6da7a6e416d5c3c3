#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/entry.hpp"
#include "archive/gzip_member.hpp"
#include "backup/block.hpp"
#include "backup/content_reader.hpp"
#include "backup/member_builder.hpp"
#include "backup/metadata_reader.hpp"
#include "backup/object_opener.hpp"
#include "backup/progress.hpp"
#include "backup/read_ahead.hpp"
#include "backup/warning_log.hpp"
#include "crypto/digest.hpp"
#include "system/owner_names.hpp"

namespace osbackup::backup {

/// What the index will say of an object, as far as it is known when its first record is encoded.
struct EncodedObject {
  std::string path;
  archive::EntryType type = archive::EntryType::File;
  std::uint64_t size = 0;
  std::string line;                     ///< The head of its index line.
  MemberPlace place;                    ///< In its block.
  std::size_t last_member = 0;          ///< The member with the entry's end.
  std::optional<std::uint64_t> linked;  ///< Of one with several names: which of LinkedObjects it is.
  std::optional<crypto::Sha256Digest> digest;
  bool changed = false;
};

/// A block of a directory's tar, compressed.
struct EncodedBlock {
  std::size_t directory = 0;
  MemberRun members;
  std::vector<EncodedObject> objects;
  /// Of a slice that is not a file's first: it goes on with the last object of the blocks before.
  bool continues = false;
  /// Of a slice that is not a file's last: its object goes on in the next block.
  bool is_continued = false;
  /// Of a file's last slice, about the object that began in an earlier block.
  std::optional<crypto::Sha256Digest> digest;
  bool changed = false;
  bool ends_directory = false;
};

/// What the encoders of one run share. All of it is thread-safe.
struct EncoderContext {
  /// A block whose members have come to this leaves in parts. Blocks are planned to take less; but what attributes an
  /// object has, up to 1 MiB of them, is not known then.
  static constexpr std::size_t kPartBytes = 4U << 20U;

  system::OwnerNames& owners;
  WarningLog& warnings;
  Progress& progress;
  ReadAhead& read_ahead;
  std::stop_token stop;
  std::size_t part_bytes = kPartBytes;
};

/// Turns blocks into gzip members: opens and reads the files, encodes the tar records, hashes the content, and deflates
/// (docs/format.md, "A directory's tar"). Each thread has its own.
class BlockEncoder {
 public:
  BlockEncoder(archive::Compression compression, const EncoderContext& context);

  /// Where parts of a block go that take much memory, in order, before encode() returns the rest.
  using PartSink = std::function<void(EncodedBlock)>;

  /// Encodes a block. What cannot be stored is left out and goes to the warnings. Cancelled when the run was stopped.
  EncodedBlock encode(Block& block, const PartSink& part);

 private:
  /// A file whose content is to be read.
  struct Source {
    int descriptor = -1;
    struct stat status {};
    bool sparse = false;
    std::vector<archive::Extent> extents;
    std::uint64_t stored_bytes = 0;
  };
  /// An entry whose headers are in the member that is filled.
  struct Begun {
    MemberPlace place;
    std::size_t headers = 0;  ///< Their bytes.
  };

  void encode_object(PlannedObject& planned, EncodedBlock& encoded);
  void encode_link(const PlannedObject& planned, EncodedBlock& encoded);
  void encode_other(const PlannedObject& planned, EncodedBlock& encoded);
  void encode_file(PlannedObject& planned, EncodedBlock& encoded);
  void encode_slice(PlannedObject& planned, const Slice& slice, EncodedBlock& encoded);
  void end_file(PlannedObject& planned, EncodedBlock& encoded);
  void hash_slice(HeldFile& held, const Slice& slice, std::span<const std::byte> content);
  std::optional<Source> open_source(const PlannedObject& planned, OpenedFile& opened);
  static void set_size(Source& source, std::uint64_t size);
  void describe_file(const PlannedObject& planned, const Source& source);
  crypto::Sha256Digest digest_of(const Source& source, std::span<const std::byte> content);
  Begun begin_entry(std::uint64_t content_bytes);
  void end_entry(const Begun& begun, EncodedObject object, EncodedBlock& encoded);
  EncodedObject object_of_entry(const PlannedObject& planned) const;
  void end_content(const std::string& path, const ContentRead& read, bool changed);
  void warn_unread(const std::string& path, int problem);
  void warn(WarningKind kind, const std::string& path, const std::string& reason);

  EncoderContext context_;
  MemberBuilder members_;
  MetadataReader metadata_;
  archive::Entry entry_;  ///< Of the object that is encoded; its buffers are used again.
  crypto::Sha256 hash_;
};

}  // namespace osbackup::backup
