#include "restore/disk_sink.hpp"

#include "archive/index_path.hpp"
#include "core/error.hpp"
#include "restore/directory_receiver.hpp"
#include "restore/entry_path.hpp"
#include "restore/file_receiver.hpp"
#include "restore/link_receiver.hpp"
#include "restore/node_receiver.hpp"

namespace osbackup::restore {

using archive::EntryType;

DiskSink::DiskSink(const SinkOptions& options, TroubleLog& log)
    : options_(options),
      log_(log),
      root_(open_target(options)),
      look_(root_.beneath),
      replacements_(options, root_.started),
      metadata_(log, deferred_),
      tree_({.root = root_, .replacements = replacements_, .metadata = metadata_, .log = log},
            options.open_directories),
      counter_(options.on_object),
      parts_{.target = root_.beneath,
             .tree = tree_,
             .replacements = replacements_,
             .metadata = metadata_,
             .counter = counter_} {}

bool DiskSink::wants(const archive::Entry& entry) {
  if (options_.overwrite == Overwrite::Always || entry.type == EntryType::Directory) return true;
  DoneObject done{.action = ObjectAction::Kept, .type = entry.type};
  try {
    check_paths(entry);
    const Sight sight = look_.at(entry.path);
    const bool keeps = options_.overwrite == Overwrite::Never && sight.kind == Sight::Kind::Object;
    if (!keeps && !look_.is_unchanged(entry, sight)) return true;
    if (!keeps) done.action = ObjectAction::Unchanged;
  } catch (const Error&) {
    // receive() says what is the matter.
    return true;
  }
  counter_.add(done, [&] { return entry.path; });
  return false;
}

std::unique_ptr<Receiver> DiskSink::receive(const archive::Entry& entry) {
  check_paths(entry);
  in_order_ = in_order_ && (path_before_.empty() || archive::comes_before(path_before_, entry.path));
  path_before_ = entry.path;
  if (entry.type == EntryType::Directory) {
    DirectoryUse directory = tree_.make_directory(entry.path, in_order_);
    const bool keeps = options_.overwrite == Overwrite::Never && !directory->is_made();
    return std::make_unique<DirectoryReceiver>(parts_, std::move(directory), keeps);
  }
  TargetPlace place{.directory = tree_.directory_above(entry.path, in_order_),
                    .name = std::string(name_in(entry.path)),
                    .in_order = in_order_};
  if (entry.type == EntryType::File) return std::make_unique<FileReceiver>(parts_, std::move(place));
  if (entry.type == EntryType::Hardlink) return std::make_unique<LinkReceiver>(parts_, std::move(place), entry.target);
  return std::make_unique<NodeReceiver>(parts_, std::move(place));
}

void DiskSink::finish() {
  tree_.leave();
  deferred_.apply(root_.beneath, log_);
}

}  // namespace osbackup::restore
