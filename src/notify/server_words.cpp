#include "notify/server_words.hpp"

#include <fmt/format.h>

#include "core/json.hpp"
#include "core/time_format.hpp"
#include "report/backup_report.hpp"
#include "report/field_reader.hpp"

namespace osbackup::notify {
namespace {

constexpr std::size_t kUserBytesMax = 64;
constexpr std::size_t kHostnameBytesMax = 255;
constexpr std::size_t kTimeBytesMax = 64;

ServerWord read_word(const json::Value& value, std::string_view archive) {
  if (!value.is_object()) throw Error(ErrorKind::Corrupt, "it must be an object");
  const report::FieldReader fields(value.get_object());
  if (fields.text("backupfilename", report::kFilenameBytesMax) != archive)
    report::throw_wrong("backupfilename", "the archive that was asked for");
  ServerWord word;
  word.user = fields.text("user", kUserBytesMax);
  word.hostname = fields.text("hostname", kHostnameBytesMax);
  word.received_at = fields.text("received_at", kTimeBytesMax);
  if (!parse_rfc3339(word.received_at)) report::throw_wrong("received_at", "a time such as 2026-11-23T09:30:00Z");
  word.sha256 = fields.optional_digest("sha256");
  word.manifest_sha256 = fields.optional_digest("manifest_sha256");
  return word;
}

}  // namespace

ServerWords parse_server_words(std::string_view text, std::string_view archive) {
  const json::Value answer = json::parse(text);
  const json::Object* object = answer.if_object();
  const json::Value* backups = object != nullptr ? object->if_contains("backups") : nullptr;
  const json::Value* more = object != nullptr ? object->if_contains("more") : nullptr;
  if (backups == nullptr || !backups->is_array() || more == nullptr || !more->is_bool())
    throw Error(ErrorKind::Corrupt, "the answer must be an object with the list backups and the boolean more");

  ServerWords words{.words = {}, .more = more->get_bool()};
  for (const json::Value& backup : backups->get_array()) {
    try {
      words.words.push_back(read_word(backup, archive));
    } catch (const Error& error) {
      throw Error(ErrorKind::Corrupt, fmt::format("report {} of the answer: {}", words.words.size() + 1, error.what()));
    }
  }
  return words;
}

}  // namespace osbackup::notify
