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

}  // namespace osbackup::archive
