#include "restore/sink_counts.hpp"

namespace osbackup::restore {
namespace {

std::uint64_t& count_of(SinkCounts& counts, archive::EntryType type) {
  switch (type) {
    case archive::EntryType::Directory:
      return counts.directories;
    case archive::EntryType::Symlink:
      return counts.symlinks;
    case archive::EntryType::Hardlink:
      return counts.hardlinks;
    case archive::EntryType::Fifo:
      return counts.fifos;
    case archive::EntryType::CharacterDevice:
    case archive::EntryType::BlockDevice:
      return counts.devices;
    case archive::EntryType::File:
      break;
  }
  return counts.files;
}

}  // namespace

void SinkCounter::count(const DoneObject& object) {
  const std::scoped_lock lock(mutex_);
  switch (object.action) {
    case ObjectAction::Replaced:
      ++counts_.replaced;
      break;
    case ObjectAction::New:
    case ObjectAction::Updated:
      break;
    case ObjectAction::Unchanged:
      ++counts_.unchanged;
      return;
    case ObjectAction::Kept:
      ++counts_.kept;
      return;
    case ObjectAction::Partial:
      ++counts_.kept_in_part;
      return;
  }
  ++count_of(counts_, object.type);
  if (object.type == archive::EntryType::File) counts_.content_bytes += object.size;
}

SinkCounts SinkCounter::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace osbackup::restore
