#pragma once

#include <optional>

#include "archive/archive_name.hpp"
#include "client/reading_run.hpp"
#include "client/server_verdict.hpp"
#include "config/client_config.hpp"
#include "crypto/digest.hpp"

namespace osbackup::client {

/// Corrupt when an archive is not the one that the backup reported: its manifest, from which the chain of digests goes
/// on, has another digest than is expected; or, where none is, than the server knows, if the configuration names one.
/// When the server cannot say, that is told, and no error.
void require_reported_manifest(const FoundArchive& found, const std::optional<crypto::Sha256Digest>& expected,
                               const config::ClientConfig& config, ReadingRun& run);

}  // namespace osbackup::client
