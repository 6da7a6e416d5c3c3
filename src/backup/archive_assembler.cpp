#include "backup/archive_assembler.hpp"

#include <cassert>
#include <utility>

#include "archive/restore_text.hpp"
#include "core/clock.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

constexpr std::uint64_t kMachineIdBytesMax = 4096;

/// The host's identity, hashed; empty when it has none.
std::string machine_id() {
  try {
    return archive::hashed_machine_id(system::read_file(std::filesystem::path("/etc/machine-id"), kMachineIdBytesMax));
  } catch (const Error&) {
    return "";
  }
}

/// A path as warnings have it, as the archive has it.
std::string_view path_in_archive(const std::string& path) {
  if (path == "/") return ".";
  return path.starts_with('/') ? std::string_view(path).substr(1) : std::string_view(path);
}

/// Throws Usage when there are more directories than a manifest holds. With the largest numbers, so that whether a
/// configuration is good does not depend on how much there is to back up, and is known before the work.
void require_room(archive::Manifest manifest, const std::vector<std::string>& directories) {
  constexpr std::uint64_t kBytes = 999'999'999'999'999;
  constexpr std::uint64_t kObjects = 9'999'999'999;
  for (const std::string& path : directories)
    manifest.directories.push_back({.path = path,
                                    .entry = archive::entry_name(path),
                                    .place = {.offset = kBytes, .length = kBytes},
                                    .tar_bytes = kBytes,
                                    .files = kObjects,
                                    .directories = kObjects,
                                    .others = kObjects,
                                    .content_bytes = kBytes});
  for (archive::ManifestList* list : {&manifest.index, &manifest.blocks, &manifest.warnings})
    *list = {.offset = kBytes, .summary = {.length = kBytes, .lines = kObjects, .sha256 = {}}};
  archive::to_json_text(manifest);
}

/// Passes bytes on to the entry that a zip has open.
class EntrySink final : public ByteSink {
 public:
  explicit EntrySink(archive::ZipWriter& zip) : zip_(zip) {}
  void write(std::span<const std::byte> bytes) override { zip_.write(bytes); }

 private:
  archive::ZipWriter& zip_;
};

}  // namespace

ArchiveAssembler::ArchiveAssembler(const ArchivePlan& plan, LinkedObjects& linked_objects, ByteSink& archive)
    : plan_(plan),
      linked_objects_(linked_objects),
      zip_(archive, plan.name.started),
      index_file_(plan.run_directory, "the archive's index"),
      blocks_file_(plan.run_directory, "the archive's list of blocks"),
      warnings_file_(plan.run_directory, "the archive's warnings"),
      index_(index_file_, blocks_file_),
      warnings_(warnings_file_) {
  manifest_.run_id = plan.run_id;
  manifest_.machine_id = machine_id();
  manifest_.hostname = plan.name.hostname;
  manifest_.ip = plan.name.ip;
  manifest_.started = plan.name.started;
  require_room(manifest_, plan.directories);
}

void ArchiveAssembler::add(EncodedBlock block) {
  if (directory_ != block.directory) begin_directory(block.directory);
  const MemberRun& members = block.members;
  if (block.continues) {
    assert(continued_);
    if (!block.is_continued) {
      continued_->placement.span = entry_bytes_ + members.bytes.size() - continued_->placement.member;
      continued_->object.digest = block.digest;
      continued_->object.changed = block.changed;
      add_to_index(continued_->object, continued_->placement);
      continued_.reset();
    }
  } else {
    for (EncodedObject& object : block.objects) {
      const archive::Placement placement = placement_of(object, members);
      count(object);
      if (block.is_continued) {
        continued_ = {.object = std::move(object), .placement = placement};
        break;
      }
      if (block.digest) {
        object.digest = block.digest;
        object.changed = block.changed;
      }
      add_to_index(object, placement);
    }
  }
  zip_.write(members.bytes);
  entry_bytes_ += members.bytes.size();
  manifest_.directories.back().tar_bytes += members.tar_bytes;
  if (block.ends_directory) end_directory();
}

archive::Placement ArchiveAssembler::placement_of(const EncodedObject& object, const MemberRun& members) const {
  const std::uint64_t begin = object.place.member == 0 ? 0 : members.ends[object.place.member - 1];
  return {.directory = manifest_.directories.size() - 1,
          .member = entry_bytes_ + begin,
          .skip = object.place.skip,
          .span = members.ends[object.last_member] - begin};
}

void ArchiveAssembler::add_to_index(EncodedObject& object, const archive::Placement& placement) {
  if (object.linked) {
    // The first name of a hard link stands before it, so its digest is known.
    if (object.type == archive::EntryType::Hardlink)
      object.digest = linked_objects_.digest(*object.linked);
    else if (object.digest)
      linked_objects_.set_digest(*object.linked, *object.digest);
  }
  archive::complete_index_line(object.line, object.digest, object.changed, placement);
  index_.add(object.path, object.line);
}

void ArchiveAssembler::count(const EncodedObject& object) {
  archive::ManifestDirectory& directory = manifest_.directories.back();
  if (object.type == archive::EntryType::File) {
    ++directory.files;
    directory.content_bytes += object.size;
  } else if (object.type == archive::EntryType::Directory) {
    ++directory.directories;
  } else {
    ++directory.others;
  }
}

void ArchiveAssembler::begin_directory(std::size_t number) {
  assert(!directory_);
  directory_ = number;
  entry_bytes_ = 0;
  const std::string& path = plan_.directories[number];
  archive::ManifestDirectory& directory = manifest_.directories.emplace_back();
  directory.path = path;
  directory.entry = archive::entry_name(path);
  zip_.begin_entry(directory.entry);
}

void ArchiveAssembler::end_directory() {
  assert(!continued_);
  manifest_.directories.back().place = zip_.end_entry();
  directory_.reset();
}

void ArchiveAssembler::add_warning(const Warning& warning) {
  if (!warning.path.empty()) warnings_.add(archive::warning_line(path_in_archive(warning.path), warning.reason));
}

std::uint64_t ArchiveAssembler::append_entry(std::string_view name, ScratchFile& content) {
  zip_.begin_entry(std::string(name));
  EntrySink sink(zip_);
  content.copy_to(sink);
  return zip_.end_entry().offset;
}

void ArchiveAssembler::append_text(std::string_view name, const std::string& text) {
  zip_.begin_entry(std::string(name));
  zip_.write(std::as_bytes(std::span(text)));
  zip_.end_entry();
}

MadeArchive ArchiveAssembler::finish() {
  if (manifest_.directories.empty()) throw Error(ErrorKind::NotFound, "there is no directory left to archive");
  index_.finish();
  warnings_.finish();
  manifest_.index = {.offset = append_entry(archive::kIndexEntry, index_file_), .summary = index_.index()};
  manifest_.blocks = {.offset = append_entry(archive::kBlocksEntry, blocks_file_), .summary = index_.blocks()};
  manifest_.warnings = {.offset = append_entry(archive::kWarningsEntry, warnings_file_),
                        .summary = warnings_.summary()};
  MadeArchive made;
  std::vector<std::string> directories;
  for (const archive::ManifestDirectory& directory : manifest_.directories) {
    directories.push_back(directory.path);
    made.files += directory.files;
    made.source_bytes += directory.content_bytes;
  }
  append_text(
      archive::kRestoreTextEntry,
      archive::restore_text(
          {.name = plan_.name, .run_id = plan_.run_id, .directories = std::move(directories), .has_index = true}));
  manifest_.finished = SystemClock().now();
  const std::string manifest = archive::to_json_text(manifest_);
  append_text(archive::kManifestEntry, manifest);
  made.manifest_sha256 = crypto::to_hex(crypto::sha256(std::as_bytes(std::span(manifest))));
  zip_.finish();
  made.bytes = zip_.size();
  return made;
}

}  // namespace osbackup::backup
