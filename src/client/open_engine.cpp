#include "client/open_engine.hpp"

#include "backup/commands_engine.hpp"
#include "backup/native_engine.hpp"

namespace osbackup::client {

using config::ArchiveSettings;

namespace {

archive::Compression compression_of(ArchiveSettings::Compression compression) {
  switch (compression) {
    case ArchiveSettings::Compression::Fast:
      return archive::Compression::Fast;
    case ArchiveSettings::Compression::Best:
      return archive::Compression::Best;
    case ArchiveSettings::Compression::Balanced:
      break;
  }
  return archive::Compression::Balanced;
}

}  // namespace

std::unique_ptr<backup::Engine> open_engine(const config::ClientConfig& config) {
  if (config.archive.engine == ArchiveSettings::Engine::Commands) return std::make_unique<backup::CommandsEngine>();
  return std::make_unique<backup::NativeEngine>(compression_of(config.archive.compression));
}

std::unique_ptr<backup::Spool> open_spool(const config::ClientConfig& config,
                                          const std::filesystem::path& run_directory) {
  if (config.archive.spool == ArchiveSettings::SpoolPlace::Memory) return std::make_unique<backup::MemorySpool>();
  return std::make_unique<backup::DiskSpool>(run_directory / "archive.zip");
}

std::uint64_t bytes_on_disk(const ArchiveSettings& settings, std::uint64_t archive_bytes) {
  // The .tar.gz files lie there beside the zip that they go into.
  if (settings.engine == ArchiveSettings::Engine::Commands) return 2 * archive_bytes;
  return settings.spool == ArchiveSettings::SpoolPlace::Disk ? archive_bytes : 0;
}

}  // namespace osbackup::client
