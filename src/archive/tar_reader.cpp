#include "archive/tar_reader.hpp"

#include <algorithm>
#include <utility>

#include "archive/pax_header.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::Corrupt, why); }

bool is_zero(const TarRecord& record) noexcept {
  return std::all_of(record.begin(), record.end(), [](char byte) { return byte == '\0'; });
}

}  // namespace

TarReader::TarReader(ByteSource& source, IdsOfNames ids) : input_(source), ids_(std::move(ids)) {}

std::optional<Entry> TarReader::next() {
  if (ended_) return std::nullopt;
  try {
    input_.skip(std::exchange(content_left_, 0));
    input_.skip(std::exchange(behind_content_, 0));
    header_.reset();
    metadata_ = global_;
    entry_offset_ = input_.offset();
    if (!find_header()) return std::nullopt;
    return describe();
  } catch (const Error& error) {
    throw error.within(place());
  }
}

std::size_t TarReader::read(std::span<std::byte> out) {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), content_left_));
  try {
    input_.read(out.first(bytes));
  } catch (const Error& error) {
    throw error.within(place());
  }
  content_left_ -= bytes;
  return bytes;
}

/// What is being read, for messages: the path as far as it is known.
std::string TarReader::place() const {
  constexpr std::size_t kPathShownMax = 200;
  std::string path;
  if (header_) {
    path = header_->path(metadata_);
  } else {
    path = metadata_.path.value_or(metadata_.long_path.value_or(""));
  }
  return (path.empty() ? "the entry" : "entry " + printable(path, kPathShownMax)) + " at byte " +
         std::to_string(entry_offset_) + " of the tar";
}

/// Reads to the header of the next entry, and what stands before it; false at the end.
bool TarReader::find_header() {
  while (true) {
    const bool is_first = input_.offset() == entry_offset_;
    TarRecord record{};
    const bool is_there = input_.read_record_unless_at_end(record);
    if (!is_there || is_zero(record)) {
      if (!is_first) refuse("the tar ends behind what belongs to an entry's header");
      ended_ = true;
      if (is_there) check_end();
      return false;
    }
    const TarHeader header(record);
    if (!take_extension(header)) {
      header_ = header;
      return true;
    }
    if (is_first && header.type() == GlobalPaxHeader) entry_offset_ = input_.offset();  // It is of no entry.
  }
}

/// After one zero record.
void TarReader::check_end() {
  TarRecord record{};
  if (!input_.read_record_unless_at_end(record)) return;
  if (!is_zero(record)) refuse("one zero record stands before something else");
  has_end_records_ = true;
}

/// Whether this header belongs to the next one; then it was taken.
bool TarReader::take_extension(const TarHeader& header) {
  switch (header.type()) {
    case PaxHeader:
    case SolarisPaxHeader:
    case GlobalPaxHeader:
      take_pax_header(header);
      return true;
    case LongPath:
      metadata_.long_path = long_name(header);
      return true;
    case LongTarget:
      metadata_.long_target = long_name(header);
      return true;
    case VolumeLabel:
      // An entry of its own: what stood before it is not for the next.
      input_.skip(in_whole_records(header.size()));
      metadata_ = global_;
      entry_offset_ = input_.offset();
      return true;
    case RestOfAFile:
    case OldLongNames:
      refuse("it is of GNU tar's type " + std::string(1, header.type()) + ", which is not supported");
    default:
      return false;
  }
}

void TarReader::take_pax_header(const TarHeader& header) {
  const bool is_global = header.type() == GlobalPaxHeader;
  const std::uint64_t bytes = header.size();
  const std::size_t bytes_max = is_global ? kGlobalHeaderReadBytesMax : kPaxHeaderReadBytesMax;
  if (bytes > bytes_max)
    refuse("a pax header has " + std::to_string(bytes) + " bytes, and at most " + std::to_string(bytes_max) +
           " are supported");
  const std::string records = input_.text(bytes);
  if (is_global) {
    const bool is_alone = input_.offset() == entry_offset_ + kTarRecordBytes + in_whole_records(bytes);
    read_pax_records(records, [this](auto keyword, auto value) { global_.add_global(keyword, value); });
    if (is_alone) metadata_ = global_;
    return;
  }
  // What a header before this one said counts no more, but for long names.
  TarMetadata metadata = global_;
  metadata.long_path = std::move(metadata_.long_path);
  metadata.long_target = std::move(metadata_.long_target);
  metadata_ = std::move(metadata);
  read_pax_records(records, [this](auto keyword, auto value) { metadata_.add(keyword, value, ids_); });
}

std::string TarReader::long_name(const TarHeader& header) {
  const std::uint64_t bytes = header.size();
  if (bytes > kPathReadBytesMax)
    refuse("a name has " + std::to_string(bytes) + " bytes, and at most " + std::to_string(kPathReadBytesMax) +
           " are supported");
  const std::string name = input_.text(bytes);
  return name.substr(0, name.find('\0'));
}

Entry TarReader::describe() {
  Entry entry = header_->describe(metadata_);
  describe_content(entry);
  for (auto& [name, value] : metadata_.attributes) entry.attributes.push_back({name, std::move(value)});
  return entry;
}

void TarReader::describe_content(Entry& entry) {
  const bool is_file = entry.type == EntryType::File;
  // Of other types the size says nothing of the tar: a link's may be that of its target. But a type `D`, and a file
  // that is a directory by its name, have bytes that nobody wants.
  if (!is_file && (entry.type != EntryType::Directory || header_->type() == '5')) return;
  const std::uint64_t bytes_in_tar = metadata_.size ? *metadata_.size : header_->size();
  if (bytes_in_tar > kFileReadBytesMax) refuse("its size is beyond what a file can hold");
  behind_content_ = in_whole_records(bytes_in_tar) - bytes_in_tar;
  if (!is_file) {
    behind_content_ += bytes_in_tar;
  } else if (metadata_.is_sparse() || header_->type() == OldSparseFile) {
    describe_sparse(entry, bytes_in_tar);
  } else {
    entry.size = bytes_in_tar;
    content_left_ = bytes_in_tar;
  }
}

void TarReader::describe_sparse(Entry& entry, std::uint64_t bytes_in_tar) {
  std::uint64_t map_bytes = 0;
  if (header_->type() == OldSparseFile) {
    entry.size = header_->size_with_holes();
    metadata_.sparse_map.read_behind_header(header_->record(), input_);
  } else {
    if (!metadata_.sparse_size || *metadata_.sparse_size > kFileReadBytesMax)
      refuse("it is a sparse file without a size that a file can have");
    entry.size = *metadata_.sparse_size;
    const std::uint64_t major = metadata_.sparse_major.value_or(0);
    if (major > 1 || (major == 1 && metadata_.sparse_minor != 0))
      refuse("it is a sparse file of a version that is not supported");
    if (major == 1) map_bytes = metadata_.sparse_map.read_from_content(input_, bytes_in_tar);
  }
  content_left_ = bytes_in_tar - map_bytes;
  entry.sparse = true;
  entry.extents = std::move(metadata_.sparse_map).extents(entry.size, content_left_);
}

}  // namespace osbackup::archive
