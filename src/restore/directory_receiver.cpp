#include "restore/directory_receiver.hpp"

namespace osbackup::restore {

DirectoryReceiver::~DirectoryReceiver() {
  if (!is_finished_) parts_.tree.give_up(*directory_);
}

void DirectoryReceiver::begin(const archive::Entry& entry) { metadata_ = ObjectMetadata(entry); }

void DirectoryReceiver::finish() {
  is_finished_ = true;
  DoneObject done{.action = ObjectAction::Kept, .type = archive::EntryType::Directory};
  if (!keeps_) {
    parts_.tree.set_metadata(*directory_, std::move(metadata_));
    const ObjectAction made = directory_->replaces() ? ObjectAction::Replaced : ObjectAction::New;
    done.action = directory_->is_made() ? made : ObjectAction::Updated;
  }
  parts_.counter.add(done, [this] { return directory_->path(); });
}

}  // namespace osbackup::restore
