#include "backup/read_ahead.hpp"

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "backup/content_reader.hpp"
#include "backup/object_opener.hpp"
#include "system/block_device.hpp"

namespace osbackup::backup {
namespace {

void ask_for(int descriptor, std::uint64_t offset, std::uint64_t length) {
  // Advice only: whether it is taken shows nowhere but in the time.
  posix_fadvise(descriptor, static_cast<off_t>(offset), static_cast<off_t>(length), POSIX_FADV_WILLNEED);
}

void ask_for_slice(const HeldFile& held, const Slice& slice) {
  for_each_piece(held.extents, slice.offset, slice.length,
                 [&](std::uint64_t offset, std::uint64_t, std::uint64_t length) {
                   ask_for(held.descriptor.get(), offset, length);
                   return true;
                 });
}

bool has_content_to_open(const PlannedObject& planned) {
  return !planned.is_link && !planned.held && S_ISREG(planned.scanned.status.st_mode) &&
         planned.scanned.status.st_size > 0;
}

}  // namespace

void ReadAhead::prepare(const Block& block) {
  if (wanted_blocks_ <= 0) return;
  --wanted_blocks_;
  if (block.slice) {
    ask_for_slice(*block.objects.front().held, *block.slice);
    return;
  }
  std::vector<const PlannedObject*> files;
  for (const PlannedObject& planned : block.objects)
    if (has_content_to_open(planned)) files.push_back(&planned);
  if (files.empty()) return;
  if (lies_on_rotating_disk(files.front()->scanned.status.st_dev))
    std::sort(files.begin(), files.end(), [](const PlannedObject* left, const PlannedObject* right) {
      return left->scanned.status.st_ino < right->scanned.status.st_ino;
    });
  for (const PlannedObject* planned : files) {
    const OpenedFile opened = open_planned(planned->scanned);
    if (opened.descriptor) ask_for(opened.descriptor.get(), 0, static_cast<std::uint64_t>(opened.status.st_size));
  }
}

bool ReadAhead::lies_on_rotating_disk(dev_t device) {
  const auto [found, is_new] = rotating_.try_emplace(device, false);
  if (is_new) found->second = system::is_rotating(device, sys_);
  return found->second;
}

}  // namespace osbackup::backup
