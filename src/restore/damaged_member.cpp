#include "restore/damaged_member.hpp"

#include "archive/tar_reader.hpp"
#include "core/error.hpp"
#include "restore/member_check.hpp"
#include "restore/memory_source.hpp"
#include "restore/object_work.hpp"

namespace osbackup::restore {
namespace {

/// As much as a member that is not damaged may hold.
constexpr std::size_t kContentBytesMax = 4U << 20U;

}  // namespace

DamagedMember::DamagedMember(std::span<const std::byte> member, Inflation& inflation) {
  inflation.reader.inflate_damaged(member, kContentBytesMax, inflation.content);
  content_ = inflation.content;
}

bool DamagedMember::holds(const PlannedObject& object) const {
  const std::uint64_t skip = object.line.placement.skip;
  if (skip > content_.size()) return false;
  try {
    MemorySource source(content_, static_cast<std::size_t>(skip));
    archive::TarReader tar(source);
    const archive::Entry entry = read_entry(tar, object);
    if (!differences(object.line, entry).empty()) return false;
    if (entry.type != archive::EntryType::File) return true;
    const std::span<const std::byte> rest = content_.subspan(source.position());
    if (tar.content_left() > rest.size()) return false;
    if (entry.size == 0) return true;
    const auto digest = digest_of_content(entry, rest.first(static_cast<std::size_t>(tar.content_left())));
    return digest && digest == object.line.digest;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    return false;
  }
}

}  // namespace osbackup::restore
