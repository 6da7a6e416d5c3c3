#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "backup/engine.hpp"
#include "backup/spool.hpp"
#include "config/client_config.hpp"

namespace osbackup::client {

/// The engine that the configuration names; the only place that knows which kinds there are.
std::unique_ptr<backup::Engine> open_engine(const config::ClientConfig& config);

/// Where the engine puts the archive, as the configuration says.
std::unique_ptr<backup::Spool> open_spool(const config::ClientConfig& config,
                                          const std::filesystem::path& run_directory);

/// How many bytes an archive of that size takes in the run directory, with all that it is made of.
std::uint64_t bytes_on_disk(const config::ArchiveSettings& settings, std::uint64_t archive_bytes);

}  // namespace osbackup::client
