#include "restore/dry_sink.hpp"

#include "core/error.hpp"
#include "restore/entry_path.hpp"
#include "restore/link_receiver.hpp"
#include "restore/made_time.hpp"
#include "restore/target_root.hpp"

namespace osbackup::restore {
namespace {

using archive::EntryType;

/// Takes an object and does nothing with it.
class NoReceiver final : public Receiver {
 public:
  void begin(const archive::Entry& /*entry*/) override {}
  void write(std::uint64_t /*offset*/, std::span<const std::byte> /*content*/) override {}
  void finish() override {}
};

/// Whether both are one object.
bool is_same(const Sight& left, const Sight& right) {
  return left.kind == Sight::Kind::Object && right.kind == Sight::Kind::Object &&
         left.status.st_dev == right.status.st_dev && left.status.st_ino == right.status.st_ino;
}

Error refused(const std::string& reason) { return {ErrorKind::Refused, reason}; }

}  // namespace

DrySink::DrySink(const SinkOptions& options, TroubleLog& log)
    : options_(options), log_(log), target_(find_target(options)), counter_(options.on_object) {
  if (!target_) return;
  look_.emplace(*target_);
  look_at_linked_.emplace(*target_);
}

bool DrySink::wants(const archive::Entry& entry) {
  DoneObject done;
  try {
    check_paths(entry);
    done = judge(entry);
  } catch (const Error& error) {
    const bool is_refused = error.kind() == ErrorKind::Refused;
    log_.add({.kind = is_refused ? Trouble::Kind::Refused : Trouble::Kind::Failed,
              .path = entry.path,
              .reason = error.what()});
    return false;
  }
  counter_.add(done, [&] { return entry.path; });
  return false;
}

std::unique_ptr<Receiver> DrySink::receive(const archive::Entry& /*entry*/) { return std::make_unique<NoReceiver>(); }

DoneObject DrySink::judge(const archive::Entry& entry) {
  const Sight linked = entry.type == EntryType::Hardlink ? look_at_linked(entry) : Sight();
  const Sight sight = look(entry);
  const bool is_there = sight.kind == Sight::Kind::Object;
  if (is_there && options_.overwrite == Overwrite::Never) return {.action = ObjectAction::Kept, .type = entry.type};
  const bool keeps_linked = linked.kind == Sight::Kind::Object && options_.overwrite == Overwrite::Never;
  if (keeps_linked && !is_kept_time(linked.status.st_mtim, entry.mtime)) throw links_to_another(entry.target);
  if (options_.overwrite == Overwrite::IfChanged && look_ &&
      (look_->is_unchanged(entry, sight) || is_same(linked, sight)))
    return {.action = ObjectAction::Unchanged, .type = entry.type};
  const bool is_directory = is_there && S_ISDIR(sight.status.st_mode);
  if (entry.type == EntryType::Directory) {
    if (is_there && S_ISLNK(sight.status.st_mode))
      throw refused("a link is in the place of the directory, and is not followed");
    const ObjectAction there = is_directory ? ObjectAction::Updated : ObjectAction::Replaced;
    return {.action = is_there ? there : ObjectAction::New, .type = entry.type};
  }
  if (is_directory && look_->is_full_directory(sight))
    throw refused("a directory is in its place that is not empty, and is kept");
  return {.action = is_there ? ObjectAction::Replaced : ObjectAction::New, .type = entry.type, .size = entry.size};
}

Sight DrySink::look(const archive::Entry& entry) {
  if (!look_) return {};
  const Sight sight = look_->at(entry.path);
  switch (sight.kind) {
    case Sight::Kind::BehindLink:
      throw refused("the way to it leads over a link in the target, which is not followed");
    case Sight::Kind::OtherName:
      throw refused("the file system takes its name for that of another object, and keeps that");
    case Sight::Kind::BehindFile:
      if (options_.overwrite == Overwrite::Never)
        throw Error(ErrorKind::Exists,
                    "something that is no directory is in the place of a directory above, and is kept");
      return {};
    case Sight::Kind::Nothing:
    case Sight::Kind::Object:
      break;
  }
  return sight;
}

Sight DrySink::look_at_linked(const archive::Entry& entry) {
  if (!look_at_linked_) return {};
  const Sight linked = look_at_linked_->at(entry.target);
  if (linked.kind == Sight::Kind::BehindLink) throw refused("the way to what it links to leads over a link");
  if (linked.kind == Sight::Kind::Object && S_ISDIR(linked.status.st_mode))
    throw refused("what it links to is a directory");
  return linked;
}

}  // namespace osbackup::restore
