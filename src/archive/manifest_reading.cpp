#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/archive_name.hpp"
#include "archive/index_path.hpp"
#include "archive/json_fields.hpp"
#include "archive/manifest.hpp"
#include "archive/zip_directory.hpp"
#include "archive/zip_format.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/time_format.hpp"

namespace osbackup::archive {
namespace {

constexpr std::uint64_t kFormat = 1;

void refuse_newer(const JsonFields& fields) {
  const std::uint64_t format = fields.number("format");
  if (format > kFormat)
    throw Error(ErrorKind::Usage, fmt::format("the archive was made by a newer osbackup: its format is {}, and this "
                                              "program reads format {}; use a newer osbackup",
                                              format, kFormat));
  if (format != kFormat) throw_not("format", "1");
  std::string features;
  for (const json::Value& feature : fields.array("requires")) {
    const auto* name = feature.if_string();
    if (name == nullptr) throw_not("requires", "a list of text");
    features += (features.empty() ? "" : ", ") + printable({name->data(), name->size()});
  }
  if (!features.empty() || !fields.array("requires").empty())
    throw Error(ErrorKind::Usage, fmt::format("the archive was made by a newer osbackup: to read it takes what this "
                                              "program does not know ({}); use a newer osbackup",
                                              printable(features)));
}

TimePoint read_time(const JsonFields& fields, std::string_view key) {
  const std::optional<TimePoint> time = parse_rfc3339(fields.text(key));
  if (!time) throw_not(key, "a time (RFC 3339)");
  return *time;
}

ManifestDirectory read_directory(const json::Value& value) {
  if (!value.is_object()) throw_not("directories", "a list of objects");
  const JsonFields fields(value.as_object());
  ManifestDirectory directory;
  directory.path = fields.bytes("path");
  const std::string_view below_root = std::string_view(directory.path).substr(1);
  const bool is_normal = below_root.empty() || (is_index_path(below_root) && below_root != ".");
  if (directory.path.front() != '/' || !is_normal) throw_not("path", "absolute and normalised");
  directory.entry = fields.bytes("entry");
  if (directory.entry != entry_name(directory.path)) throw_not("entry", "the name for the directory's path");
  directory.place = {.offset = fields.number("offset"), .length = fields.number("length")};
  directory.tar_bytes = fields.number("tar_bytes");
  directory.files = fields.number("files");
  directory.directories = fields.number("directories");
  directory.others = fields.number("others");
  directory.content_bytes = fields.number("content_bytes");
  return directory;
}

ManifestList read_list(const JsonFields& manifest, std::string_view key) {
  try {
    const JsonFields fields(manifest.object(key));
    return {.offset = fields.number("offset"),
            .summary = {
                .length = fields.number("length"), .lines = fields.number("lines"), .sha256 = fields.digest("sha256")}};
  } catch (const Error& error) {
    throw error.within(key);
  }
}

}  // namespace

Manifest parse_manifest(std::string_view text) {
  if (text.size() > kManifestBytesMax)
    throw Error(ErrorKind::Corrupt, fmt::format("{} bytes; a manifest has at most {}", text.size(), kManifestBytesMax));
  const json::Object object = parse_object(text);
  const JsonFields fields(object);
  refuse_newer(fields);
  Manifest manifest;
  manifest.run_id = fields.text("run_id");
  manifest.machine_id = fields.text("machine_id");
  manifest.hostname = fields.text("hostname");
  manifest.ip = fields.text("ip");
  manifest.started = read_time(fields, "started");
  manifest.finished = read_time(fields, "finished");
  for (const json::Value& value : fields.array("directories")) {
    try {
      manifest.directories.push_back(read_directory(value));
    } catch (const Error& error) {
      throw error.within(fmt::format("directory {}", manifest.directories.size()));
    }
  }
  manifest.index = read_list(fields, "index");
  manifest.blocks = read_list(fields, "blocks");
  manifest.warnings = read_list(fields, "warnings");
  return manifest;
}

void check_against(const Manifest& manifest, const ZipDirectory& zip) {
  std::vector<std::pair<std::string_view, ZipPlace>> places;
  for (const ManifestDirectory& directory : manifest.directories) places.emplace_back(directory.entry, directory.place);
  const auto place_of = [](const ManifestList& list) { return ZipPlace{list.offset, list.summary.length}; };
  places.emplace_back(kIndexEntry, place_of(manifest.index));
  places.emplace_back(kBlocksEntry, place_of(manifest.blocks));
  places.emplace_back(kWarningsEntry, place_of(manifest.warnings));
  std::uint64_t end = 0;
  for (const auto& [name, place] : places) {
    const ZipEntry* entry = zip.find(name);
    if (entry == nullptr)
      throw Error(ErrorKind::Corrupt,
                  fmt::format("the manifest names {}, which the zip does not have", printable(name)));
    const std::uint64_t offset = entry->header_offset + zip::kWrittenHeaderBytes + name.size();
    if (!entry->is_stored() || place != ZipPlace{offset, entry->bytes} || offset > entry->end_limit ||
        entry->bytes > entry->end_limit - offset)
      throw Error(ErrorKind::Corrupt,
                  fmt::format("the manifest says that {} has {} bytes at {}, and the zip {} bytes at {}",
                              printable(name), place.length, place.offset, entry->bytes, offset));
    if (place.offset < end)
      throw Error(ErrorKind::Corrupt, fmt::format("the manifest names {} out of order", printable(name)));
    end = place.offset + place.length;
  }
  const auto holds_data = [](std::string_view name) { return !name.starts_with("osbackup/"); };
  const auto in_zip = std::count_if(zip.entries().begin(), zip.entries().end(),
                                    [&](const ZipEntry& entry) { return holds_data(entry.name); });
  const auto in_manifest =
      std::count_if(places.begin(), places.end(), [&](const auto& place) { return holds_data(place.first); });
  if (in_zip != in_manifest)
    throw Error(ErrorKind::Corrupt,
                fmt::format("the zip has {} entries with data, and the manifest names {}", in_zip, in_manifest));
}

}  // namespace osbackup::archive
