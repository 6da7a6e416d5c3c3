#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "archive/index_writer.hpp"
#include "archive/zip_writer.hpp"
#include "core/clock.hpp"

namespace osbackup::archive {

/// The most that a manifest may take, so that one read of an archive's end brings it.
inline constexpr std::size_t kManifestBytesMax = 32U << 10U;

/// The zip entries of an archive besides those of its directories.
inline constexpr std::string_view kManifestEntry = "osbackup/manifest.json";
inline constexpr std::string_view kIndexEntry = "osbackup/index.jsonl.gz";
inline constexpr std::string_view kBlocksEntry = "osbackup/blocks.jsonl.gz";
inline constexpr std::string_view kWarningsEntry = "osbackup/warnings.jsonl.gz";
inline constexpr std::string_view kRestoreTextEntry = "osbackup/RESTORE.txt";

/// What the manifest says of one configured directory.
struct ManifestDirectory {
  std::string path;   ///< As configured, absolute, raw bytes.
  std::string entry;  ///< Its zip entry.
  ZipPlace place;
  std::uint64_t tar_bytes = 0;  ///< Uncompressed.
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t others = 0;         ///< Links, FIFOs and devices.
  std::uint64_t content_bytes = 0;  ///< Of the files, with their holes.
};

/// Where one of the lists lies, and what it holds.
struct ManifestList {
  std::uint64_t offset = 0;
  LinesSummary summary;
};

/// `osbackup/manifest.json`: what an archive is, and where its parts are (docs/format.md, "Manifest").
struct Manifest {
  std::string run_id;
  std::string machine_id;  ///< Hashed, never the host's own.
  std::string hostname;
  std::string ip;
  TimePoint started;
  TimePoint finished;
  std::vector<ManifestDirectory> directories;
  ManifestList index;
  ManifestList blocks;
  ManifestList warnings;
};

/// What stands for a host in a manifest: SHA-256, in hexadecimal digits, of `osbackup` and its machine id
/// (machine-id(5)) without white space around it, so that the id itself, which other programs keep secret, does not
/// leave the host.
std::string hashed_machine_id(std::string_view machine_id);

/// The manifest as one line of JSON. Usage when it is longer than kManifestBytesMax: there are too many directories.
std::string to_json_text(const Manifest& manifest);

/// Reads a manifest strictly; keys that are not known are ignored. Usage when a newer osbackup made the archive:
/// another format, or a feature in `requires` that is not known. Corrupt when it is anything else than docs/format.md
/// says.
Manifest parse_manifest(std::string_view text);

class ZipDirectory;

/// Corrupt when a manifest says of its zip what the central directory does not: other places, other names, or entries
/// (outside of `osbackup/`) that the manifest does not know.
void check_against(const Manifest& manifest, const ZipDirectory& zip);

}  // namespace osbackup::archive
