#include "restore/object_work.hpp"

#include <cassert>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "crypto/sliced_digest.hpp"

namespace osbackup::restore {
namespace {

Trouble::Kind kind_of(ErrorKind kind) {
  if (kind == ErrorKind::Corrupt) return Trouble::Kind::Damaged;
  return kind == ErrorKind::Refused ? Trouble::Kind::Refused : Trouble::Kind::Failed;
}

}  // namespace

bool is_about_all(ErrorKind kind) noexcept {
  return kind == ErrorKind::NoSpace || kind == ErrorKind::Unavailable || kind == ErrorKind::Cancelled;
}

void ObjectWork::count(const PlannedObject& object) noexcept {
  voices_.progress.objects += 1;
  if (object.line.entry.type == archive::EntryType::File) voices_.progress.bytes += object.line.entry.size;
}

void ObjectWork::settle(const PlannedObject& object, const Error& failure) {
  const std::string& path = object.line.entry.path;
  // A link to what is not kept in mind fails for want of it.
  if (object.line.entry.links > 1) lost_.add(path);
  if (failure.kind() == ErrorKind::NoSpace) throw failure.within(printable(path));
  if (is_about_all(failure.kind())) throw failure;
  if (failure.kind() == ErrorKind::Corrupt && !order_.keep_going) throw failure.within(printable(path));
  voices_.progress.troubles += 1;
  voices_.troubles.add({.kind = kind_of(failure.kind()), .path = path, .reason = failure.what()});
}

archive::Entry read_entry(archive::TarReader& tar, const PlannedObject& object) {
  std::optional<archive::Entry> entry = tar.next();
  const archive::Entry& line = object.line.entry;
  if (!entry || entry->path != object.path_in_tar)
    throw Error(ErrorKind::Corrupt,
                "the tar has " + (entry ? printable(entry->path) : "its end") + " where the index says that it is");
  if (entry->type != line.type) throw Error(ErrorKind::Corrupt, "the tar has an object of another type than the index");
  if (entry->type == archive::EntryType::File && entry->size != line.size)
    throw Error(ErrorKind::Corrupt, "it has " + std::to_string(entry->size) + " bytes in the tar, and " +
                                        std::to_string(line.size) + " in the index");
  if (entry->type == archive::EntryType::Symlink && entry->target != line.target)
    throw Error(ErrorKind::Corrupt, "it leads elsewhere in the tar than in the index");
  if (entry->extents.size() > archive::kExtentsMax)
    throw Error(ErrorKind::Corrupt, "its sparse map has " + std::to_string(entry->extents.size()) +
                                        " extents, and at most " + std::to_string(archive::kExtentsMax) +
                                        " are allowed");
  entry->path = line.path;
  entry->target = line.target;
  entry->flags = line.flags;
  entry->links = line.links;
  return std::move(*entry);
}

std::optional<crypto::Sha256Digest> digest_of_content(const archive::Entry& entry, std::span<const std::byte> stored) {
  if (!entry.sparse) return crypto::sha256(stored);
  if (entry.size - stored.size() > kHashedHolesMax) return std::nullopt;
  crypto::SlicedDigest digest;
  for (const archive::Extent& extent : entry.extents) {
    digest.update(extent.offset, stored.first(static_cast<std::size_t>(extent.length)), {});
    stored = stored.subspan(static_cast<std::size_t>(extent.length));
  }
  return digest.finish(entry.size, {});
}

void require_digest(const PlannedObject& object, const crypto::Sha256Digest& digest) {
  if (object.line.digest && *object.line.digest != digest)
    throw Error(ErrorKind::Corrupt, "its content is not what was backed up: the digest does not match the index");
}

}  // namespace osbackup::restore
