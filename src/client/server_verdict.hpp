#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "archive/archive_name.hpp"
#include "config/client_config.hpp"
#include "crypto/digest.hpp"
#include "notify/server_words.hpp"

namespace osbackup::client {

/// An archive as it lies at the destination, by what the server can know of it.
struct FoundArchive {
  archive::ArchiveName name;
  std::optional<crypto::Sha256Digest> manifest_sha256;  ///< Nothing: it has no manifest.
};

/// What the server's word on an archive comes to.
struct ServerVerdict {
  enum class Kind {
    Matches,  ///< Every report of the archive has the digest of its manifest.
    Differs,  ///< It is not what was reported, or the reports contradict one another: it is not to be restored.
    Unknown,  ///< None contradicts, but there is none, or one without a digest.
    Unheard,  ///< The server's word could not be had.
  };

  Kind kind = Kind::Unknown;
  std::string text;  ///< For people, with the archive's name in it, whose reports these are, and what to do.
};

/// Compares an archive with what the server knows of it (docs/protocol.md, "The server's word on an archive"). Only
/// reports of the host in the archive's name count, and one that contradicts outweighs all that agree, since each may
/// be an attacker's: beside the true report a false one cannot pass off another archive. It can only keep the true one
/// from being restored, until a person names the digest.
ServerVerdict judge(const FoundArchive& found, const notify::ServerWords& known);

/// Asks the server that the configuration names, once, and judges. Throws only Cancelled.
ServerVerdict ask_server(const config::ApiSettings& api, const FoundArchive& found, std::stop_token stop);

}  // namespace osbackup::client
