#include "restore/structure_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/crc32.hpp"
#include "archive/list_members.hpp"
#include "archive/part_range.hpp"
#include "archive/warning_entry.hpp"
#include "archive/zip_format.hpp"
#include "archive/zip_records.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/line_sequence.hpp"

namespace osbackup::restore {
namespace {

using archive::ZipEntry;

constexpr std::size_t kPieceBytes = 256U << 10U;
constexpr std::string_view kOwnFolder = "osbackup/";

const std::string kWithoutDirectory =
    "unzip cannot read it; `restore --keep-going` looks for its parts from the begin on, and gets out what is whole";
const std::string kWithoutManifest =
    "no file can be found by the index; `restore --keep-going` goes through its directories in sequence";
const std::string kOnlyUnzip = "osbackup restores it all the same; unzip may refuse it";

class StructureCheck {
 public:
  StructureCheck(std::shared_ptr<const RangeReader> object, const CheckContext& context)
      : context_(context), object_(std::make_shared<archive::TailRange>(std::move(object))) {}

  OpenedArchive run() {
    if (!attempt({}, kWithoutDirectory, [&] { opened_.zip = archive::ZipDirectory(object_); }))
      return std::move(opened_);
    attempt({}, kWithoutManifest, [&] { opened_.reader.emplace(object_); });
    check_entries();
    if (opened_.reader && opened_.reader->manifest()) {
      check_warnings();
      check_index();
    }
    check_contents();
    return std::move(opened_);
  }

 private:
  /// Whether it is done; a finding otherwise, if it is the archive's fault.
  template <class Action>
  bool attempt(std::string_view entry, const std::string& meaning, Action action) {
    try {
      action();
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      report(entry, error.what(), meaning);
      refused_.emplace(entry);
      return false;
    }
  }
  void report(std::string_view entry, const std::string& problem, const std::string& meaning) {
    context_.findings.add({.entry = std::string(entry), .path = {}, .problem = problem, .meaning = meaning});
  }
  /// All that stands around the entries' contents.
  void check_entries() {
    std::uint64_t begin = object_->size();
    for (const ZipEntry& entry : opened_.zip->entries()) {
      throw_if_stopped(context_);
      begin = std::min(begin, entry.header_offset);
      check_entry(entry);
    }
    if (begin != 0 && is_ours()) report({}, fmt::format("its first {} bytes belong to nothing", begin), kOnlyUnzip);
  }

  /// Whether the zip should be as ZipWriter makes it.
  bool is_ours() const { return !opened_.reader || opened_.reader->manifest(); }

  static std::uint64_t written_data_offset(const ZipEntry& entry) {
    return entry.header_offset + archive::zip::kWrittenHeaderBytes + entry.name.size();
  }

  void check_entry(const ZipEntry& entry) {
    attempt(entry.name, kOnlyUnzip, [&] {
      if (is_ours() && has_written_header(entry)) return;
      opened_.zip->data_offset(entry);
      if (is_ours()) throw Error(ErrorKind::Corrupt, "its local header is none that osbackup writes");
    });
    if (is_ours()) check_descriptor(entry);
  }

  bool has_written_header(const ZipEntry& entry) const {
    std::vector<std::byte> header(static_cast<std::size_t>(written_data_offset(entry) - entry.header_offset));
    object_->read(entry.header_offset, header);
    return entry.is_stored() && archive::written_entry_name(header) == entry.name;
  }

  /// That an entry of ours ends as ZipWriter writes it.
  void check_descriptor(const ZipEntry& entry) {
    const std::uint64_t offset = written_data_offset(entry);
    const std::uint64_t room = entry.end_limit - std::min(entry.end_limit, offset);
    std::array<std::byte, archive::zip::kWrittenDescriptorBytes> bytes{};
    if (room < entry.packed_bytes || room - entry.packed_bytes < bytes.size())
      return report(entry.name, "there is no room for the descriptor behind its content", kOnlyUnzip);
    if (room - entry.packed_bytes > bytes.size())
      report(entry.name, fmt::format("{} bytes behind it belong to nothing", room - entry.packed_bytes - bytes.size()),
             kOnlyUnzip);
    object_->read(offset + entry.packed_bytes, bytes);
    if (archive::written_descriptor(bytes) != archive::ZipDescriptor{.crc = entry.crc, .bytes = entry.bytes})
      report(entry.name, "the descriptor behind it says something else than the central directory", kOnlyUnzip);
  }

  /// Every line of the warnings.
  void check_warnings() {
    const archive::ManifestList& list = opened_.reader->manifest()->warnings;
    attempt(archive::kWarningsEntry, "what the backup had to leave out is not known; what is in it can be restored",
            [&] {
              archive::ListMembers members(
                  std::make_shared<archive::PartRange>(object_, archive::ZipPlace{list.offset, list.summary.length}),
                  list.summary);
              std::uint64_t lines = 0;
              while (const auto member = members.next()) {
                throw_if_stopped(context_);
                const std::string text = archive::inflate_lines(member->bytes);
                std::string_view rest = text;
                while (const auto line = archive::take_line(rest)) {
                  ++lines;
                  check_warning(*line, lines);
                }
              }
              if (lines != list.summary.lines)
                throw Error(ErrorKind::Corrupt,
                            fmt::format("{} lines, and the manifest says {}", lines, list.summary.lines));
            });
  }

  static void check_warning(std::string_view line, std::uint64_t number) {
    try {
      archive::parse_warning_line(line);
    } catch (const Error& error) {
      throw error.within(fmt::format("line {}", number));
    }
  }

  /// Every line of the index: what IndexReader refuses, and what only all of them show.
  void check_index() {
    archive::ArchiveReader& reader = *opened_.reader;
    context_.progress.stage = RestoreProgress::Stage::Reading;
    context_.progress.objects_total = reader.manifest()->index.summary.lines;
    std::optional<archive::IndexReader::Lines> lines;
    if (!attempt(archive::kBlocksEntry, kWithoutManifest, [&] { lines.emplace(reader.list(".")); })) return;
    LineSequence sequence(*reader.manifest(), context_.findings);
    bool is_at_end = false;
    while (!is_at_end) {
      throw_if_stopped(context_);
      const bool is_good = attempt(
          archive::kIndexEntry,
          "a restore cannot find these paths by the index; `restore --keep-going` looks for them in sequence", [&] {
            const std::optional<archive::IndexEntry> line = lines->next();
            is_at_end = !line;
            if (!line) return;
            sequence.add(*line);
            ++context_.progress.objects;
          });
      if (!is_good) sequence.skip();
    }
    sequence.finish();
  }

  /// The contents of the entries that hold no data, for what was not found by looking into them.
  void check_contents() {
    for (const ZipEntry& entry : opened_.zip->entries()) {
      if (!entry.name.starts_with(kOwnFolder) || !entry.is_stored() || refused_.contains(entry.name)) continue;
      const std::uint64_t offset = is_ours() ? written_data_offset(entry) : opened_.zip->data_offset(entry);
      const auto [crc, digest] = sums_of({.offset = offset, .length = entry.bytes});
      if (crc != entry.crc)
        report(
            entry.name, "its CRC does not match",
            entry.name == archive::kRestoreTextEntry ? "no data is concerned, only the instructions for people" : "");
      else if (entry.name == archive::kIndexEntry && opened_.reader &&
               digest != opened_.reader->manifest()->index.summary.sha256)
        report(entry.name, "its digest is not what the manifest says", "each of its blocks is good");
    }
  }

  std::pair<std::uint32_t, crypto::Sha256Digest> sums_of(archive::ZipPlace place) {
    const std::unique_ptr<ByteSource> source = object_->stream(place.offset, place.length);
    std::vector<std::byte> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(place.length, kPieceBytes)));
    std::uint32_t crc = 0;
    crypto::Sha256 digest;
    for (std::uint64_t left = place.length; left > 0;) {
      throw_if_stopped(context_);
      const std::span<const std::byte> piece = std::span(buffer).first(source->read(buffer));
      if (piece.empty()) break;
      crc = archive::crc32(crc, piece);
      digest.update(piece);
      left -= piece.size();
    }
    return {crc, digest.finish()};
  }

  const CheckContext& context_;
  std::shared_ptr<const archive::TailRange> object_;
  OpenedArchive opened_;
  std::set<std::string, std::less<>> refused_;  ///< The lists that something was found in.
};

}  // namespace

void throw_if_stopped(const CheckContext& context) {
  if (context.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the check was stopped");
}

OpenedArchive check_structure(std::shared_ptr<const RangeReader> object, const CheckContext& context) {
  context.progress.stage = RestoreProgress::Stage::Opening;
  for (auto* counter : {&context.progress.objects, &context.progress.objects_total, &context.progress.bytes,
                        &context.progress.bytes_total})
    *counter = 0;
  return StructureCheck(std::move(object), context).run();
}

}  // namespace osbackup::restore
