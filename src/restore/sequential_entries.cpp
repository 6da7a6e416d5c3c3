#include "restore/sequential_entries.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "archive/gzip_stream.hpp"
#include "archive/index_path.hpp"
#include "archive/tar_reader.hpp"
#include "archive/zip_entry_stream.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::restore {
namespace {

using archive::Entry;
using archive::EntryType;
using archive::ZipEntry;

constexpr std::string_view kPlainTar = ".tar";
constexpr std::array<std::string_view, 3> kTarEndings = {".tar.gz", ".tgz", kPlainTar};

/// A zip entry's name without the ending of a tar; nothing when it is none.
std::optional<std::string_view> stem_of(std::string_view name) {
  for (const std::string_view ending : kTarEndings)
    if (name.size() > ending.size() && name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  return std::nullopt;
}

/// Whether a tar that osbackup made can hold a path, or something below it.
bool may_hold(const ZipEntry& tar, const std::string& path) {
  const std::optional<std::string> directory = directory_of_tar(tar.name);
  return !directory || archive::lies_in(path, *directory) || archive::lies_in(*directory, path);
}

/// Those of the tars that have to be gone through for these paths.
std::vector<const ZipEntry*> tars_for(const std::vector<std::string>& paths, std::vector<const ZipEntry*> tars) {
  // What a tar without such a name holds nobody knows: a path that belongs into none may be in each.
  for (const std::string& path : paths)
    if (std::none_of(tars.begin(), tars.end(), [&](const ZipEntry* tar) { return may_hold(*tar, path); })) return tars;
  std::erase_if(tars, [&](const ZipEntry* tar) {
    return std::none_of(paths.begin(), paths.end(), [&](const std::string& path) { return may_hold(*tar, path); });
  });
  return tars;
}

}  // namespace

std::optional<std::string> directory_of_tar(std::string_view entry_name) {
  const std::optional<std::string_view> stem = stem_of(entry_name);
  const std::optional<std::string> decoded = stem ? percent_decode(*stem) : std::nullopt;
  return decoded ? archive::to_index_path(*decoded) : std::nullopt;
}

bool is_tar_name(std::string_view entry_name) { return stem_of(entry_name).has_value(); }

/// One tar on its way out of the zip.
class SequentialEntries::Tar {
 public:
  Tar(const archive::ArchiveReader& archive, const ZipEntry& entry, const archive::IdsOfNames& ids)
      : bytes_(archive.bytes()),
        packed_(archive.zip(), *bytes_, entry),
        gzip_(entry.name.ends_with(kPlainTar) ? nullptr : std::make_unique<archive::GzipStream>(packed_)),
        reader_(source(), ids) {}

  archive::TarReader& reader() { return reader_; }

  /// Goes to the end of the bytes, and compares the CRCs.
  void finish() {
    constexpr std::uint64_t kStepBytes = 1U << 30U;
    while (source().skip(kStepBytes) == kStepBytes) continue;
    if (gzip_)
      while (packed_.skip(kStepBytes) == kStepBytes) continue;
    if (gzip_) gzip_->check();
    packed_.check();
  }
  bool has_trailing_garbage() const { return gzip_ && gzip_->has_trailing_garbage(); }

  bool has_said_absolute = false;

 private:
  ByteSource& source() { return gzip_ ? static_cast<ByteSource&>(*gzip_) : packed_; }

  std::shared_ptr<const RangeReader> bytes_;
  archive::ZipEntryStream packed_;
  std::unique_ptr<archive::GzipStream> gzip_;  ///< Null when the tar is not compressed.
  archive::TarReader reader_;
};

SequentialEntries::SequentialEntries(const archive::ArchiveReader& archive, SequentialOrder order)
    : archive_(archive), order_(std::move(order)) {
  for (const ZipEntry& entry : archive.zip().entries()) {
    if (stem_of(entry.name)) {
      tars_.push_back(&entry);
    } else if (entry.name != archive::kRestoreTextEntry && !entry.name.ends_with('/')) {
      say(Trouble::Kind::Note, "", "the zip entry \"" + printable(entry.name) + "\" is no tar and is passed over");
    }
  }
  const bool is_ours = archive.zip().find(archive::kRestoreTextEntry) != nullptr;
  if (is_ours && !order_.paths.empty()) tars_ = tars_for(order_.paths, std::move(tars_));
  std::reverse(tars_.begin(), tars_.end());
}

SequentialEntries::~SequentialEntries() = default;

/// Calls what reads from the tar at hand, and gives the tar up when that fails: what damage then means is added, unless
/// it is null.
template <class Action>
auto SequentialEntries::reading(Action action, std::string (SequentialEntries::*meaning)() const) {
  try {
    return action();
  } catch (const Error& error) {
    tar_.reset();
    const Error of_tar = error.within(printable(tar_name_));
    if (error.kind() != ErrorKind::Corrupt || meaning == nullptr) throw of_tar;
    throw Error(ErrorKind::Corrupt, of_tar.what() + std::string("; ") + (this->*meaning)());
  }
}

/// Nothing more can be read of the tar.
std::string SequentialEntries::cut_off_meaning() const {
  if (last_path_.empty()) return "all that is in it is lost";
  return "what lies behind " + printable(last_path_) + " in it is lost, and " + wrong_crc_meaning();
}

std::string SequentialEntries::wrong_crc_meaning() const { return "the damage may be in anything that comes from it"; }

std::optional<Entry> SequentialEntries::next() {
  if (std::exchange(is_cut_off_, false))
    throw Error(ErrorKind::Corrupt, printable(tar_name_) + ": " + cut_off_meaning());
  while (true) {
    if (!tar_) {
      if (tars_.empty()) return std::nullopt;
      const ZipEntry& entry = *tars_.back();
      tars_.pop_back();
      tar_name_ = entry.name;
      last_path_.clear();
      reading([&] { tar_ = std::make_unique<Tar>(archive_, entry, order_.ids); }, &SequentialEntries::cut_off_meaning);
    }
    std::optional<Entry> entry = next_in_tar();
    if (!entry)
      tar_.reset();
    else if (make_usable(*entry))
      return entry;
  }
}

std::size_t SequentialEntries::read(std::span<std::byte> out) {
  if (!tar_) return 0;
  try {
    return reading([&] { return tar_->reader().read(out); }, nullptr);
  } catch (const Error& error) {
    is_cut_off_ = error.kind() == ErrorKind::Corrupt;
    throw;
  }
}

void SequentialEntries::finish_tar() {
  if (!tar_) return;
  while (next_in_tar()) continue;
  tar_.reset();
}

const std::vector<std::string>& SequentialEntries::lost_attributes() const {
  assert(tar_);
  return tar_->reader().lost_attributes();
}

std::optional<Entry> SequentialEntries::next_in_tar() {
  std::optional<Entry> entry = reading([&] { return tar_->reader().next(); }, &SequentialEntries::cut_off_meaning);
  if (entry) {
    last_path_ = entry->path;
    return entry;
  }
  const bool may_be_cut_off = !tar_->reader().has_end_records();
  reading([&] { tar_->finish(); },
          may_be_cut_off ? &SequentialEntries::cut_off_meaning : &SequentialEntries::wrong_crc_meaning);
  if (tar_->has_trailing_garbage())
    say(Trouble::Kind::Note, "", printable(tar_name_) + ": what follows its last gzip member is not read");
  if (may_be_cut_off)
    say(Trouble::Kind::Note, "", printable(tar_name_) + " ends without the records that end a tar: it may be cut off");
  return std::nullopt;
}

/// Gives the entry the names that an index would have; false when they lead elsewhere.
bool SequentialEntries::make_usable(Entry& entry) {
  std::optional<std::string> path = archive::to_index_path(entry.path);
  if (!path) {
    say(Trouble::Kind::Refused, entry.path, "the path is none, or leads out of the target with ..");
    return false;
  }
  if (entry.path.starts_with('/') && !std::exchange(tar_->has_said_absolute, true))
    say(Trouble::Kind::Note, "",
        printable(tar_name_) + " has absolute paths, which are taken without their first slash: the first is " +
            printable(entry.path));
  entry.path = *std::move(path);
  if (entry.type != EntryType::Hardlink) return true;
  std::optional<std::string> target = archive::to_index_path(entry.target);
  if (!target || *target == entry.path) {
    say(Trouble::Kind::Refused, entry.path,
        target ? "it is a hard link to itself" : "it is a hard link that leads out of the target with ..");
    return false;
  }
  entry.target = *std::move(target);
  return true;
}

void SequentialEntries::say(Trouble::Kind kind, const std::string& path, const std::string& reason) const {
  if (order_.on_trouble) order_.on_trouble({.kind = kind, .path = path, .reason = reason});
}

}  // namespace osbackup::restore
