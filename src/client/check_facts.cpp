#include "client/check_facts.hpp"

#include <fmt/format.h>

#include "client/console.hpp"
#include "client/remark.hpp"
#include "client/shown_path.hpp"
#include "core/byte_count.hpp"
#include "core/counted.hpp"
#include "core/encoding.hpp"
#include "core/time_format.hpp"

namespace osbackup::client {
namespace {

const char* result_of(const CheckedArchive& archive) {
  if (archive.findings > 0) return "damaged";
  return archive.is_read ? "ok" : "unread";
}

}  // namespace

void CheckFacts::add(const CheckedArchive& archive) {
  ++archives;
  if (archive.findings > 0) ++damaged;
  if (!archive.is_read) ++unread;
  findings += archive.findings;
  data_bytes += archive.data_bytes;
}

json::Object to_json(const restore::Finding& finding, const std::string& archive) {
  json::Object object{{"message_type", "finding"}, {"archive", archive}};
  if (!finding.entry.empty()) object["entry"] = printable(finding.entry);
  if (!finding.path.empty()) put_path(object, "path", path_from_root(finding.path));
  object["problem"] = shown_message(finding.problem);
  object["meaning"] = finding.meaning;
  return object;
}

std::string to_line(const restore::Finding& finding, const std::string& archive) {
  std::string line = archive + ": ";
  if (!finding.entry.empty()) line += printable(finding.entry) + ": ";
  if (!finding.path.empty()) line += shown_path(path_from_root(finding.path)) + ": ";
  line += shown_message(one_line(finding.problem));
  return finding.meaning.empty() ? line : line + "; " + finding.meaning;
}

json::Object to_json(const CheckedArchive& archive) {
  json::Object object{{"message_type", "check"},      {"archive", archive.name},
                      {"result", result_of(archive)}, {"complete", archive.is_read},
                      {"findings", archive.findings}, {"has_index", archive.has_index},
                      {"objects", archive.objects},   {"data_bytes", archive.data_bytes}};
  if (archive.seed) object["seed"] = *archive.seed;
  return object;
}

std::string to_line(const CheckedArchive& archive) {
  std::string line = archive.name + ": " + result_of(archive);
  if (archive.findings > 0) line += ", " + counted(archive.findings, "finding");
  if (archive.findings > 0 && !archive.is_read) line += ", and could not be read to its end";
  if (archive.data_bytes > 0) line += ", " + human_bytes(archive.data_bytes) + " of data read";
  if (archive.data_bytes > 0 && !archive.has_index) line += ", no digests to compare";
  return line;
}

json::Object to_summary(const CheckFacts& facts) {
  return {{"archives", facts.archives}, {"damaged", facts.damaged},       {"unread", facts.unread},
          {"findings", facts.findings}, {"data_bytes", facts.data_bytes}, {"duration_ms", facts.duration.count()}};
}

std::string to_sentence(const CheckFacts& facts) {
  std::string sentence = counted(facts.archives, "archive") + " checked";
  if (facts.damaged > 0) sentence += fmt::format(", {} damaged", facts.damaged);
  if (facts.unread > 0) sentence += fmt::format(", {} not read to the end", facts.unread);
  if (facts.damaged == 0 && facts.unread == 0) sentence += ", all good";
  return sentence + ", in " + human_duration(facts.duration);
}

}  // namespace osbackup::client
