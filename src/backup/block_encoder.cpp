#include "backup/block_encoder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

#include "archive/index_writer.hpp"
#include "archive/tar_writer.hpp"
#include "core/error.hpp"

namespace osbackup::backup {
namespace {

using archive::Entry;
using archive::EntryType;
using archive::TarWriter;

/// What a file that is read in one piece may have grown to since it was planned.
constexpr std::uint64_t kWholeFileMax = archive::kMemberContentMax - archive::kTarRecordBytes;

std::string words_of(int code) { return std::generic_category().message(code); }

bool is_unchanged(const struct stat& before, const struct stat& after) {
  const auto same = [](const timespec& left, const timespec& right) {
    return left.tv_sec == right.tv_sec && left.tv_nsec == right.tv_nsec;
  };
  // Only the inode's own time is beyond a writer's reach, but it also changes when just a name or a mode does.
  return before.st_size == after.st_size && same(before.st_mtim, after.st_mtim) &&
         (same(before.st_ctim, after.st_ctim) || before.st_mode != after.st_mode || before.st_uid != after.st_uid ||
          before.st_gid != after.st_gid || before.st_nlink != after.st_nlink);
}

void pad(std::vector<std::byte>& raw) { raw.resize(archive::in_whole_records(raw.size())); }

}  // namespace

BlockEncoder::BlockEncoder(archive::Compression compression, const EncoderContext& context)
    : context_(context), members_(compression), metadata_(context.owners, context.warnings) {}

EncodedBlock BlockEncoder::encode(Block& block, const PartSink& part) {
  EncodedBlock encoded;
  encoded.directory = block.directory;
  if (block.slice) {
    encode_slice(block.objects.front(), *block.slice, encoded);
  } else {
    for (PlannedObject& planned : block.objects) {
      if (context_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the backup was stopped");
      encode_object(planned, encoded);
      if (members_.compressed_bytes() < context_.part_bytes) continue;
      encoded.members = members_.finish();
      part(std::exchange(encoded, {}));
      encoded.directory = block.directory;
    }
  }
  encoded.ends_directory = block.ends_directory;
  if (block.ends_directory) {
    const std::size_t start = members_.raw().size();
    TarWriter(members_.raw()).append_end();
    members_.place_entry(start, 0);
  }
  encoded.members = members_.finish();
  return encoded;
}

void BlockEncoder::encode_object(PlannedObject& planned, EncodedBlock& encoded) {
  if (planned.is_link)
    encode_link(planned, encoded);
  else if (S_ISREG(planned.scanned.status.st_mode))
    encode_file(planned, encoded);
  else
    encode_other(planned, encoded);
}

void BlockEncoder::encode_link(const PlannedObject& planned, EncodedBlock& encoded) {
  metadata_.describe(planned.scanned.path, planned.scanned.status, entry_);
  entry_.type = EntryType::Hardlink;
  entry_.size = planned.linked->size;
  entry_.target = planned.linked->first_path;
  end_entry(begin_entry(0), object_of_entry(planned), encoded);
}

void BlockEncoder::encode_other(const PlannedObject& planned, EncodedBlock& encoded) {
  const ScannedObject& scanned = planned.scanned;
  metadata_.describe(scanned.path, scanned.status, entry_);
  if (entry_.type == EntryType::Symlink) {
    std::optional<std::string> target = planned.target ? planned.target : link_target(scanned);
    if (!target) {
      warn(WarningKind::Missing, scanned.path, "the link cannot be read: " + last_problem());
      return;
    }
    entry_.target = std::move(*target);
  }
  if (scanned.self)
    metadata_.read_attributes(scanned.self->descriptor.get(), entry_);
  else
    metadata_.read_attributes_by_name(scanned, entry_);
  end_entry(begin_entry(0), object_of_entry(planned), encoded);
}

std::optional<BlockEncoder::Source> BlockEncoder::open_source(const PlannedObject& planned, OpenedFile& opened) {
  Source source;
  if (planned.held) {
    source = {.descriptor = planned.held->descriptor.get(),
              .status = planned.held->status,
              .sparse = planned.held->sparse,
              .extents = planned.held->extents,
              .stored_bytes = planned.held->stored_bytes};
    return source;
  }
  opened = open_planned(planned.scanned);
  if (!opened.descriptor) {
    warn(WarningKind::Missing, planned.scanned.path, opened.problem);
    return std::nullopt;
  }
  source.descriptor = opened.descriptor.get();
  source.status = opened.status;
  set_size(source, static_cast<std::uint64_t>(opened.status.st_size));
  return source;
}

void BlockEncoder::set_size(Source& source, std::uint64_t size) {
  source.extents.clear();
  if (size > 0) source.extents.push_back({.offset = 0, .length = size});
  source.stored_bytes = size;
}

void BlockEncoder::describe_file(const PlannedObject& planned, const Source& source) {
  metadata_.describe(planned.scanned.path, source.status, entry_);
  metadata_.read_attributes(source.descriptor, entry_);
  entry_.sparse = source.sparse;
  if (source.sparse)
    entry_.extents = source.extents;
  else
    entry_.size = source.stored_bytes;
}

/// A file that fits into one member. It is read once more when it changes meanwhile.
void BlockEncoder::encode_file(PlannedObject& planned, EncodedBlock& encoded) {
  OpenedFile opened;
  std::optional<Source> source = open_source(planned, opened);
  if (!source) return;
  bool changed = false;
  for (;;) {
    if (source->stored_bytes > kWholeFileMax) {
      // It has grown beyond one member since it was planned: cut to its size then.
      set_size(*source, static_cast<std::uint64_t>(planned.scanned.status.st_size));
      changed = true;
    }
    describe_file(planned, *source);
    const Begun begun = begin_entry(source->stored_bytes);
    std::vector<std::byte>& raw = members_.raw();
    const std::size_t content_begin = raw.size();
    raw.resize(content_begin + source->stored_bytes);
    const auto content = std::span(raw).subspan(content_begin);
    const ContentRead read = read_content(source->descriptor, source->extents, 0, content);
    context_.read_ahead.note(read.waited);
    // One with several names stays all the same: the others are planned as links to it.
    if (read.problem != 0 && !planned.linked) {
      warn(WarningKind::Missing, planned.scanned.path, "cannot be read: " + words_of(read.problem));
      raw.resize(begun.place.skip);
      return;
    }
    struct stat after = source->status;
    const bool is_same =
        fstat(source->descriptor, &after) == 0 && is_unchanged(source->status, after) && read.is_whole();
    if (!is_same && !std::exchange(changed, true)) {
      raw.resize(begun.place.skip);
      if (!planned.held) {
        source->status = after;
        set_size(*source, static_cast<std::uint64_t>(after.st_size));
      }
      continue;
    }
    EncodedObject object = object_of_entry(planned);
    object.digest = digest_of(*source, content);
    object.changed = changed;
    pad(raw);
    end_entry(begun, std::move(object), encoded);
    end_content(planned.scanned.path, read, changed);
    return;
  }
}

/// A file that fits into one member is in it.
void BlockEncoder::end_content(const std::string& path, const ContentRead& read, bool changed) {
  if (read.problem != 0)
    warn_unread(path, read.problem);
  else if (read.ended_early)
    warn(WarningKind::Missing, path, "became shorter while it was read; the rest is zeros");
  else if (changed)
    warn(WarningKind::Changed, path, "changed while it was read");
  context_.progress.files += 1;
  context_.progress.source_bytes += entry_.size;
}

void BlockEncoder::warn_unread(const std::string& path, int problem) {
  warn(WarningKind::Missing, path, "cannot be read to its end, the rest is zeros: " + words_of(problem));
}

crypto::Sha256Digest BlockEncoder::digest_of(const Source& source, std::span<const std::byte> content) {
  if (!source.sparse) {
    hash_.update(content);
    return hash_.finish();
  }
  crypto::SlicedDigest digest;
  for_each_piece(source.extents, 0, content.size(),
                 [&](std::uint64_t offset, std::uint64_t first, std::uint64_t length) {
                   digest.update(offset, content.subspan(first, length), context_.stop);
                   return true;
                 });
  return digest.finish(entry_.size, context_.stop);
}

void BlockEncoder::encode_slice(PlannedObject& planned, const Slice& slice, EncodedBlock& encoded) {
  HeldFile& held = *planned.held;
  std::vector<std::byte>& raw = members_.raw();
  Begun begun;
  if (slice.number == 0) {
    describe_file(planned, {.descriptor = held.descriptor.get(),
                            .status = held.status,
                            .sparse = held.sparse,
                            .extents = held.extents,
                            .stored_bytes = held.stored_bytes});
    begun = begin_entry(slice.length);
    encoded.objects.push_back(object_of_entry(planned));
    encoded.objects.back().place = begun.place;
    context_.progress.files += 1;
  }
  const std::size_t content_begin = raw.size();
  raw.resize(content_begin + slice.length);
  const auto content = std::span(raw).subspan(content_begin);
  const ContentRead read = read_content(held.descriptor.get(), held.extents, slice.offset, content);
  context_.read_ahead.note(read.waited);

  held.digest.wait_for_turn_of(slice.number, context_.stop);
  if (read.problem != 0 && !held.unreadable) warn_unread(planned.scanned.path, read.problem);
  held.cut_short = held.cut_short || !read.is_whole();
  held.unreadable = held.unreadable || read.problem != 0;
  hash_slice(held, slice, content);
  if (slice.is_last) end_file(planned, encoded);
  held.digest.end_turn();

  context_.progress.source_bytes += slice.length;
  pad(raw);
  members_.end_entry(begun.place, begun.headers);
  encoded.continues = slice.number > 0;
  encoded.is_continued = !slice.is_last;
}

void BlockEncoder::hash_slice(HeldFile& held, const Slice& slice, std::span<const std::byte> content) {
  for_each_piece(held.extents, slice.offset, content.size(),
                 [&](std::uint64_t offset, std::uint64_t first, std::uint64_t length) {
                   held.digest.update(offset, content.subspan(first, length), context_.stop);
                   return true;
                 });
}

/// In the turn of a file's last slice, when all others are read.
void BlockEncoder::end_file(PlannedObject& planned, EncodedBlock& encoded) {
  HeldFile& held = *planned.held;
  encoded.digest = held.digest.finish(static_cast<std::uint64_t>(held.status.st_size), context_.stop);
  struct stat after = held.status;
  held.changed = fstat(held.descriptor.get(), &after) != 0 || !is_unchanged(held.status, after);
  encoded.changed = held.changed || held.cut_short;
  if (held.cut_short && !held.unreadable)
    warn(WarningKind::Missing, planned.scanned.path, "became shorter while it was read; the rest is zeros");
  else if (held.changed)
    warn(WarningKind::Changed, planned.scanned.path, "changed while it was read");
}

BlockEncoder::Begun BlockEncoder::begin_entry(std::uint64_t content_bytes) {
  std::vector<std::byte>& raw = members_.raw();
  const std::size_t start = raw.size();
  TarWriter(raw).append_headers(entry_);
  const std::size_t headers = raw.size() - start;
  return {.place = members_.place_entry(start, archive::in_whole_records(content_bytes)), .headers = headers};
}

void BlockEncoder::end_entry(const Begun& begun, EncodedObject object, EncodedBlock& encoded) {
  object.place = begun.place;
  object.last_member = members_.end_entry(begun.place, begun.headers);
  encoded.objects.push_back(std::move(object));
}

EncodedObject BlockEncoder::object_of_entry(const PlannedObject& planned) const {
  EncodedObject object;
  object.path = entry_.path;
  object.type = entry_.type;
  object.size = entry_.size;
  object.line = archive::index_line_head(entry_);
  if (planned.linked) object.linked = planned.linked->record;
  return object;
}

void BlockEncoder::warn(WarningKind kind, const std::string& path, const std::string& reason) {
  context_.warnings.add({.kind = kind, .path = absolute_path(path), .reason = reason});
}

}  // namespace osbackup::backup
