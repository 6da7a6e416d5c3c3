#include "backup/pending_archives.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "core/byte_count.hpp"
#include "core/encoding.hpp"
#include "core/json.hpp"
#include "crypto/digest.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kNoteBytesMax = 1U << 20U;

fs::path with_suffix(fs::path path, const char* suffix) {
  path += suffix;
  return path;
}

fs::path note_of(const fs::path& archive) { return with_suffix(archive, ".json"); }

std::string sha256_of(const fs::path& file) { return crypto::to_hex(crypto::sha256(system::FileRange(file))); }

/// What stands in the file beside an archive. Corrupt when it is something else.
PendingArchive read_note(const fs::path& archive, const archive::ArchiveName& name) {
  const json::Value value = json::parse(system::read_file(note_of(archive), kNoteBytesMax));
  const json::Object* object = value.if_object();
  const auto find = [&](const char* key) { return object == nullptr ? nullptr : object->if_contains(key); };
  const json::Value* bytes = find("bytes");
  const json::Value* sha256 = find("sha256");
  const json::Value* note = find("note");
  if (bytes == nullptr || !bytes->is_int64() || sha256 == nullptr || !sha256->is_string() || note == nullptr ||
      !note->is_string())
    throw Error(ErrorKind::Corrupt, "the note of a kept archive has another form than expected");
  return {.name = name,
          .file = archive,
          .bytes = static_cast<std::uint64_t>(bytes->get_int64()),
          .sha256 = std::string(sha256->get_string()),
          .note = std::string(note->get_string())};
}

/// Whether the two lie on different file systems, so that a move needs room.
bool must_be_copied(const fs::path& file, const fs::path& folder) {
  struct stat from {};
  struct stat to {};
  return stat(file.c_str(), &from) != 0 || stat(folder.c_str(), &to) != 0 || from.st_dev != to.st_dev;
}

}  // namespace

PendingArchives::PendingArchives(fs::path folder, std::function<void(const std::string&)> on_loss, PendingLimits limits)
    : folder_(std::move(folder)), on_loss_(std::move(on_loss)), limits_(limits) {
  system::make_directories(folder_);
  constexpr std::string_view kNoteSuffix = ".zip.json";
  for (const std::string& name : system::list_directory(folder_)) {
    // A note without its archive: keep() or remove() was interrupted.
    const bool is_lone_note = name.ends_with(kNoteSuffix) &&
                              !system::exists(folder_ / name.substr(0, name.size() - std::string_view(".json").size()));
    if (name.ends_with(".new") || is_lone_note) system::remove_file(folder_ / name);
  }
}

std::vector<PendingArchive> PendingArchives::list() {
  std::vector<PendingArchive> found;
  for (const std::string& file : system::list_directory(folder_)) {
    const auto name = archive::ArchiveName::parse(file);
    // The note is written first: an archive without one is not ours.
    if (!name || !system::exists(note_of(folder_ / file))) continue;
    try {
      const PendingArchive pending = read_note(folder_ / file, *name);
      if (system::FileRange(pending.file).size() != pending.bytes)
        throw Error(ErrorKind::Corrupt, "it has another size than when it was kept");
      found.push_back(pending);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      set_aside(folder_ / file);
    }
  }
  std::sort(found.begin(), found.end(), [](const PendingArchive& left, const PendingArchive& right) {
    return left.name.started < right.name.started;
  });
  return found;
}

bool PendingArchives::is_whole(const PendingArchive& pending) { return sha256_of(pending.file) == pending.sha256; }

void PendingArchives::keep(const fs::path& file, const archive::ArchiveName& name, const std::string& note) {
  const std::uint64_t bytes = system::FileRange(file).size();
  const double allowed = limits_.file_system_share_max * static_cast<double>(system::disk_space(folder_).total_bytes);
  if (static_cast<double>(bytes) > allowed)
    throw Error(ErrorKind::NoSpace,
                fmt::format("the archive of {} cannot be kept: that is more than {:.0f} % of the file system of {}",
                            human_bytes(bytes), limits_.file_system_share_max * 100, printable(folder_.native())));
  std::vector<PendingArchive> held = list();
  std::uint64_t held_bytes = 0;
  for (const PendingArchive& pending : held) held_bytes += pending.bytes;
  // An old archive gives way only to one that then fits.
  if (must_be_copied(file, folder_) && system::disk_space(folder_).free_bytes + held_bytes < bytes)
    throw Error(ErrorKind::NoSpace, fmt::format("the archive of {} cannot be kept: there is no room for it in {}",
                                                human_bytes(bytes), printable(folder_.native())));
  const fs::path target = folder_ / name.text();
  const json::Object object{{"bytes", static_cast<std::int64_t>(bytes)}, {"sha256", sha256_of(file)}, {"note", note}};
  const auto drop_oldest = [&] {
    drop(held.front());
    held.erase(held.begin());
  };
  for (;;) {
    try {
      system::write_file_durably(note_of(target), json::serialize(object) + "\n");
      system::move_file(file, target);
      break;
    } catch (const Error& error) {
      system::remove_file(note_of(target));
      if (error.kind() != ErrorKind::NoSpace || held.empty()) throw;
      drop_oldest();
    }
  }
  std::uint64_t total = bytes;
  for (const PendingArchive& pending : held) total += pending.bytes;
  while (!held.empty() && (held.size() >= limits_.archives_max || static_cast<double>(total) > allowed)) {
    total -= held.front().bytes;
    drop_oldest();
  }
}

void PendingArchives::drop(const PendingArchive& pending) {
  remove(pending);
  on_loss_(fmt::format("the kept archive {} of {} was dropped to make room for a newer one: it was never sent",
                       pending.name.text(), human_bytes(pending.bytes)));
}

void PendingArchives::remove(const PendingArchive& pending) {
  system::remove_file(pending.file);
  system::remove_file(note_of(pending.file));
  system::sync_directory(folder_);
}

void PendingArchives::set_aside(const fs::path& file) {
  const fs::path aside = with_suffix(file, ".damaged");
  system::rename_file(file, aside);
  system::remove_file(note_of(file));
  on_loss_(fmt::format("the kept archive {} is damaged and will not be sent: it is now {}",
                       printable(file.filename().native()), printable(aside.native())));
}

}  // namespace osbackup::backup
