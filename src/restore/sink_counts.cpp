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

void SinkCounter::add_restored(archive::EntryType type, std::uint64_t size, bool replaces) {
  const std::scoped_lock lock(mutex_);
  ++count_of(counts_, type);
  if (type == archive::EntryType::File) counts_.content_bytes += size;
  if (replaces) ++counts_.replaced;
}

void SinkCounter::add_unchanged() {
  const std::scoped_lock lock(mutex_);
  ++counts_.unchanged;
}

void SinkCounter::add_kept() {
  const std::scoped_lock lock(mutex_);
  ++counts_.kept;
}

void SinkCounter::add_kept_in_part() {
  const std::scoped_lock lock(mutex_);
  ++counts_.kept_in_part;
}

SinkCounts SinkCounter::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace osbackup::restore
