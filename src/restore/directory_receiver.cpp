#include "restore/directory_receiver.hpp"

namespace osbackup::restore {

DirectoryReceiver::~DirectoryReceiver() {
  if (!is_finished_) parts_.tree.give_up(*directory_);
}

void DirectoryReceiver::begin(const archive::Entry& entry) { metadata_ = ObjectMetadata(entry); }

void DirectoryReceiver::finish() {
  is_finished_ = true;
  if (keeps_) {
    parts_.counter.add_kept();
    return;
  }
  parts_.tree.set_metadata(*directory_, std::move(metadata_));
  parts_.counter.add_restored(archive::EntryType::Directory, 0, directory_->replaces());
}

}  // namespace osbackup::restore
