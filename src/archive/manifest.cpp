#include "archive/manifest.hpp"

#include <fmt/format.h>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "core/time_format.hpp"
#include "core/version.hpp"

namespace osbackup::archive {
namespace {

constexpr int kFormat = 1;

json::Object to_json(const ManifestDirectory& directory) {
  json::Object object;
  if (is_utf8(directory.path))
    object["path"] = directory.path;
  else
    object["path_b64"] = base64_encode(directory.path);
  object["entry"] = directory.entry;
  object["offset"] = directory.place.offset;
  object["length"] = directory.place.length;
  object["tar_bytes"] = directory.tar_bytes;
  object["files"] = directory.files;
  object["directories"] = directory.directories;
  object["others"] = directory.others;
  object["content_bytes"] = directory.content_bytes;
  return object;
}

json::Object to_json(const ManifestList& list) {
  return {{"offset", list.offset},
          {"length", list.summary.length},
          {"lines", list.summary.lines},
          {"sha256", crypto::to_hex(list.summary.sha256)}};
}

}  // namespace

std::string hashed_machine_id(std::string_view machine_id) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = machine_id.find_first_not_of(kBlanks);
  const std::size_t end = machine_id.find_last_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  const std::string text = "osbackup" + std::string(machine_id.substr(begin, end - begin + 1));
  return crypto::to_hex(crypto::sha256(std::as_bytes(std::span(text))));
}

std::string to_json_text(const Manifest& manifest) {
  json::Array directories;
  for (const ManifestDirectory& directory : manifest.directories) directories.push_back(to_json(directory));
  json::Object object{{"format", kFormat},
                      {"requires", json::Array{}},
                      {"tool", fmt::format("osbackup {}", version())},
                      {"run_id", manifest.run_id},
                      {"machine_id", manifest.machine_id},
                      {"hostname", printable(manifest.hostname)},
                      {"ip", manifest.ip},
                      {"started", rfc3339(manifest.started)},
                      {"finished", rfc3339(manifest.finished)}};
  object["directories"] = std::move(directories);
  object["index"] = to_json(manifest.index);
  object["blocks"] = to_json(manifest.blocks);
  object["warnings"] = to_json(manifest.warnings);
  std::string text = json::serialize(object) + "\n";
  if (text.size() > kManifestBytesMax)
    throw Error(ErrorKind::Usage,
                fmt::format("the {} directories in [BackupDirs] need a manifest of {} bytes, which may have {}: name "
                            "fewer directories, or directories above them",
                            manifest.directories.size(), text.size(), kManifestBytesMax));
  return text;
}

}  // namespace osbackup::archive
