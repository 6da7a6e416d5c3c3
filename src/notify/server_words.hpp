#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osbackup::notify {

/// What the server knows of an archive from one report.
struct ServerWord {
  std::string user;                            ///< Whose report it is; the server knows that for certain.
  std::string hostname;                        ///< Which host it says it is of; any user can say any.
  std::string received_at;                     ///< RFC 3339, UTC.
  std::optional<std::string> sha256;           ///< Of the archive, 64 lower-case hexadecimal digits; likewise the next.
  std::optional<std::string> manifest_sha256;  ///< Of the archive's manifest.

  bool operator==(const ServerWord&) const = default;
};

/// What the server knows of an archive.
struct ServerWords {
  std::vector<ServerWord> words;  ///< The one that was received last first. Empty: it knows nothing.
  bool more = false;              ///< There are older ones, more than the server gives at once.
};

/// The longest answer that is read.
inline constexpr std::size_t kServerWordsBytesMax = 1U << 20U;

/// Reads the answer to `GET /api/v1/backups` (docs/protocol.md) about this archive. Fields that nobody asks for are
/// ignored. Corrupt names the place and what was expected, and holds nothing of the answer.
ServerWords parse_server_words(std::string_view text, std::string_view archive);

}  // namespace osbackup::notify
