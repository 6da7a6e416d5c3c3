#include "client/made_note.hpp"

#include "core/encoding.hpp"
#include "core/json.hpp"
#include "system/file.hpp"

namespace osbackup::client {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileName = "made.json";
constexpr std::uint64_t kBytesMax = 1U << 20U;

std::string boot_id() { return one_line(system::read_file(fs::path("/proc/sys/kernel/random/boot_id"), 100)); }

/// A text in a note. Corrupt when there is none.
std::string text_in(const json::Value& note, const char* key) {
  const json::Object* object = note.if_object();
  const json::Value* value = object == nullptr ? nullptr : object->if_contains(key);
  if (value == nullptr || !value->is_string())
    throw Error(ErrorKind::Corrupt, "the note about a finished archive has another form than expected");
  return std::string(value->get_string());
}

}  // namespace

void write_made_note(const fs::path& run_directory, const fs::path& archive, const report::BackupReport& report) {
  const json::Object note{{"boot_id", boot_id()},
                          {"archive", archive.filename().string()},
                          {"report", json::serialize(report::to_json(report))}};
  system::write_file_durably(run_directory / kFileName, json::serialize(note) + "\n");
}

std::optional<MadeNote> read_made_note(const fs::path& run_directory) {
  const fs::path file = run_directory / kFileName;
  if (!system::exists(file)) return std::nullopt;
  const json::Value note = json::parse(system::read_file(file, kBytesMax));
  if (text_in(note, "boot_id") != boot_id()) return std::nullopt;
  const std::string report = text_in(note, "report");
  const auto name = archive::ArchiveName::parse(report::report_from_json(json::parse(report)).backupfilename);
  if (!name) throw Error(ErrorKind::Corrupt, "the note about a finished archive names none");
  return MadeNote{
      .name = *name, .archive = run_directory / fs::path(text_in(note, "archive")).filename(), .report = report};
}

}  // namespace osbackup::client
