#include "client/manifest_proof.hpp"

#include <fmt/format.h>

namespace osbackup::client {
namespace {

void compare(const FoundArchive& found, const crypto::Sha256Digest& expected) {
  const std::string name = found.name.text();
  if (!found.manifest_sha256)
    throw Error(ErrorKind::Corrupt, name + " has no manifest whose digest could be compared with --expect-sha256");
  if (*found.manifest_sha256 != expected)
    throw Error(ErrorKind::Corrupt,
                fmt::format("{} is not the expected archive: the SHA-256 of its manifest is {}, not {}", name,
                            crypto::to_hex(*found.manifest_sha256), crypto::to_hex(expected)));
}

void hear(const ServerVerdict& verdict, ReadingRun& run) {
  switch (verdict.kind) {
    case ServerVerdict::Kind::Differs:
      throw Error(ErrorKind::Corrupt, verdict.text);
    case ServerVerdict::Kind::Matches:
      run.console().detail(verdict.text);
      return;
    case ServerVerdict::Kind::Unknown:
    case ServerVerdict::Kind::Unheard:
      run.add_trouble({.kind = restore::Trouble::Kind::Note, .path = "", .reason = verdict.text});
      return;
  }
}

}  // namespace

void require_reported_manifest(const FoundArchive& found, const std::optional<crypto::Sha256Digest>& expected,
                               const config::ClientConfig& config, ReadingRun& run) {
  // What a person names counts more than what the server heard.
  if (expected)
    compare(found, *expected);
  else if (config.api)
    hear(ask_server(*config.api, found, run.stop()), run);
}

}  // namespace osbackup::client
