#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"

namespace osbackup::archive {

/// The name of an archive, `HOSTNAME+IP+YYYYMMDDTHHMMSSZ.zip` (requirement C2; docs/format.md, "Name").
struct ArchiveName {
  std::string hostname;
  std::string ip;
  TimePoint started;  ///< Whole seconds count.

  /// The name itself; in hostname and ip every byte outside `[A-Za-z0-9._-]` is percent-encoded.
  std::string text() const;

  /// The name for the same backup when this one is taken: its time a second later.
  ArchiveName next() const;

  /// The parts of a name; nothing when it is not an archive's.
  static std::optional<ArchiveName> parse(std::string_view text);
};

/// What an archive is called while it is uploaded: `NAME.<8 hex digits of the run id>.part`.
std::string temporary_name(const ArchiveName& name, std::string_view run_id);

/// The zip entry for a configured directory (a normalised absolute path): `etc.tar.gz`, `var/lib/mysql.tar.gz`,
/// `%2F.tar.gz` for `/`. `%`, control bytes and bytes that are not UTF-8 are percent-encoded (docs/format.md,
/// "Entries").
std::string entry_name(std::string_view directory);

}  // namespace osbackup::archive
