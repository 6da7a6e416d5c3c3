#include "restore/dump.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "archive/tar_reader.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/member_source.hpp"
#include "restore/object_work.hpp"
#include "restore/sequential_entries.hpp"

namespace osbackup::restore {
namespace {

using archive::Entry;
using archive::EntryType;

constexpr std::size_t kPieceBytes = 256U << 10U;

[[noreturn]] void throw_not_there(const std::string& path) {
  throw Error(ErrorKind::NotFound, "/" + printable(path) + " is not in the archive");
}

/// Usage unless an object has content.
void require_file(const Entry& entry) {
  std::string what;
  switch (entry.type) {
    case EntryType::File:
      return;
    case EntryType::Directory:
      what = "a directory: dump a file in it, or restore it";
      break;
    case EntryType::Symlink:
      what = "a symbolic link to " + printable(entry.target) + ": dump what it leads to";
      break;
    case EntryType::Hardlink:
      throw Error(ErrorKind::Corrupt, "it is a hard link to another hard link");
    default:
      what = "a FIFO or a device, which has no content";
      break;
  }
  throw Error(ErrorKind::Usage, "/" + printable(entry.path) + " is " + what);
}

/// The content of one file on its way out.
class ContentOutput {
 public:
  ContentOutput(const DumpOrder& order, ByteSink& out, RestoreProgress& progress)
      : order_(order), out_(out), progress_(progress), piece_(kPieceBytes) {}

  /// Writes the whole file, of which `read` gives what is stored; gives its digest.
  crypto::Sha256Digest write(const Entry& entry, const std::function<std::size_t(std::span<std::byte>)>& read) {
    progress_.objects_total = 1;
    progress_.bytes_total = entry.size;
    progress_.stage = RestoreProgress::Stage::Reading;
    for (const archive::Extent& extent : archive::content_extents(entry)) {
      write_zeros_up_to(extent.offset);
      for (std::uint64_t left = extent.length; left > 0;) {
        const auto piece = std::span(piece_).first(piece_bytes(left));
        if (read(piece) < piece.size()) throw Error(ErrorKind::Corrupt, "its content ends too early");
        put(piece);
        left -= piece.size();
      }
    }
    write_zeros_up_to(entry.size);
    progress_.objects = 1;
    return digest_.finish();
  }

 private:
  static std::size_t piece_bytes(std::uint64_t left) {
    return static_cast<std::size_t>(std::min<std::uint64_t>(left, kPieceBytes));
  }

  void write_zeros_up_to(std::uint64_t offset) {
    if (written_ == offset) return;
    std::fill(piece_.begin(), piece_.end(), std::byte{0});
    while (written_ < offset) put(std::span(piece_).first(piece_bytes(offset - written_)));
  }

  void put(std::span<const std::byte> bytes) {
    if (order_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
    digest_.update(bytes);
    out_.write(bytes);
    written_ += bytes.size();
    progress_.bytes += bytes.size();
  }

  const DumpOrder& order_;
  ByteSink& out_;
  RestoreProgress& progress_;
  std::vector<std::byte> piece_;
  crypto::Sha256 digest_;
  std::uint64_t written_ = 0;
};

void dump_by_index(archive::ArchiveReader& archive, const std::string& path, ContentOutput& output) {
  std::optional<archive::IndexEntry> line = archive.find(path);
  if (!line) throw_not_there(path);
  if (line->entry.type == EntryType::Hardlink) {
    const std::string target = line->entry.target;
    line = archive.find(target);
    if (!line)
      throw Error(ErrorKind::Corrupt,
                  "it is a hard link to " + printable(target) + ", which the archive does not have");
  }
  require_file(line->entry);
  const std::string path_in_tar = line->entry.path;
  const PlannedObject object{.line = *std::move(line), .path_in_tar = path_in_tar};
  const archive::ZipPlace place = archive.span_of(object.line);
  MemberSource members(archive.bytes()->stream(place.offset, place.length), place.length);
  members.skip(object.line.placement.skip);
  archive::TarReader tar(members);
  const Entry entry = read_entry(tar, object);
  require_digest(object, output.write(entry, [&](std::span<std::byte> out) { return tar.read(out); }));
}

/// One file of an archive without an index. Each tar may have several entries of one path, and what was appended to it
/// comes last: so all are looked at before the last one is written.
class SequentialDump {
 public:
  SequentialDump(const archive::ArchiveReader& archive, const DumpOrder& order) : archive_(archive), order_(order) {}

  void write(ContentOutput& output) {
    std::string path = order_.path;
    Place place = find_last(path);
    if (place.entry.type == EntryType::Hardlink) {
      path = place.entry.target;
      place = find_last(path);
      if (place.entry.type == EntryType::Hardlink)
        throw Error(ErrorKind::Corrupt, "it is a hard link to another hard link");
    }
    require_file(place.entry);
    const std::optional<Error> damage = damage_;
    SequentialEntries entries(archive_, {.paths = {path}, .ids = {}, .on_trouble = {}});
    std::uint64_t left = place.number + 1;
    while (left > 0) {
      const std::optional<Entry> entry = next(entries);
      if (!entry) throw Error(ErrorKind::Corrupt, "it was in the archive, and is not when that is read once more");
      if (entry->path != path || --left > 0) continue;
      output.write(*entry, [&](std::span<std::byte> out) { return entries.read(out); });
    }
    if (damage) throw damage->within("what was written may be damaged, or older than the last of its name");
  }

 private:
  struct Place {
    std::uint64_t number = 0;  ///< Among the entries of its path.
    Entry entry;
  };

  Place find_last(const std::string& path) {
    SequentialEntries entries(archive_, {.paths = {path}, .ids = {}, .on_trouble = {}});
    std::optional<Place> last;
    damage_.reset();
    while (std::optional<Entry> entry = next(entries)) {
      if (entry->path != path) continue;
      // What lies before it is of no concern.
      damage_.reset();
      last = Place{.number = last ? last->number + 1 : 0, .entry = *std::move(entry)};
    }
    if (last) return *std::move(last);
    if (damage_) throw damage_->within("it is not in what can be read of the archive");
    throw_not_there(path);
  }

  std::optional<Entry> next(SequentialEntries& entries) {
    while (true) {
      if (order_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
      try {
        return entries.next();
      } catch (const Error& error) {
        // It may be in another tar.
        if (error.kind() != ErrorKind::Corrupt) throw;
        if (!damage_) damage_ = error;
      }
    }
  }

  const archive::ArchiveReader& archive_;
  const DumpOrder& order_;
  std::optional<Error> damage_;  ///< The first behind the last entry that was found.
};

}  // namespace

void dump(archive::ArchiveReader& archive, const DumpOrder& order, ByteSink& out, RestoreProgress& progress) {
  ContentOutput output(order, out, progress);
  try {
    if (archive.manifest()) return dump_by_index(archive, order.path, output);
    SequentialDump(archive, order).write(output);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    throw error.within("/" + printable(order.path));
  }
}

}  // namespace osbackup::restore
