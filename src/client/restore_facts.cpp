#include "client/restore_facts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "client/console.hpp"
#include "core/byte_count.hpp"
#include "core/counted.hpp"
#include "core/encoding.hpp"
#include "core/time_format.hpp"

namespace osbackup::client {
namespace {

std::string counted_directories(std::uint64_t count) {
  return fmt::format("{} {}", count, count == 1 ? "directory" : "directories");
}

/// `3 files, 1 directory and 2 links`, without what there is none of.
std::string objects_in_words(const restore::SinkCounts& counts) {
  std::vector<std::string> kinds;
  const auto add = [&](std::uint64_t count, const std::string& text) {
    if (count > 0) kinds.push_back(text);
  };
  add(counts.files, counted(counts.files, "file"));
  add(counts.directories, counted_directories(counts.directories));
  add(counts.symlinks + counts.hardlinks, counted(counts.symlinks + counts.hardlinks, "link"));
  add(counts.fifos, counted(counts.fifos, "FIFO"));
  add(counts.devices, counted(counts.devices, "device"));
  if (kinds.empty()) return "nothing";
  const std::string last = kinds.back();
  kinds.pop_back();
  return kinds.empty() ? last : fmt::format("{} and {}", fmt::join(kinds, ", "), last);
}

/// What else there is to say, part by part.
std::vector<std::string> remarks(const RestoreFacts& facts) {
  std::vector<std::string> parts;
  const auto add = [&](std::uint64_t count, const std::string& text) {
    if (count > 0) parts.push_back(fmt::format("{} {}", count, text));
  };
  add(facts.counts.replaced, "of them in place of others");
  add(facts.counts.unchanged, "unchanged");
  add(facts.counts.kept, "kept as they were");
  for (const auto& [what, count] : facts.troubles.not_set)
    parts.push_back(fmt::format("{} not set of {}", printable(what), counted(count, "object")));
  add(facts.troubles.failed, "failed");
  add(facts.troubles.refused, "refused");
  add(facts.troubles.damaged, "damaged");
  add(facts.counts.kept_in_part, "of them kept in part");
  return parts;
}

}  // namespace

json::Object to_summary(const RestoreFacts& facts) {
  const restore::SinkCounts& counts = facts.counts;
  json::Object not_set;
  for (const auto& [what, count] : facts.troubles.not_set) not_set[printable(what)] = count;
  json::Object summary{{"archive", facts.archive},
                       {"dry_run", facts.is_dry_run},
                       {"complete", facts.is_complete},
                       {"files", counts.files},
                       {"directories", counts.directories},
                       {"symlinks", counts.symlinks},
                       {"hardlinks", counts.hardlinks},
                       {"fifos", counts.fifos},
                       {"devices", counts.devices},
                       {"content_bytes", counts.content_bytes},
                       {"replaced", counts.replaced},
                       {"unchanged", counts.unchanged},
                       {"kept", counts.kept},
                       {"kept_in_part", counts.kept_in_part},
                       {"failed", facts.troubles.failed},
                       {"refused", facts.troubles.refused},
                       {"damaged", facts.troubles.damaged},
                       {"duration_ms", facts.duration.count()}};
  summary["not_set"] = std::move(not_set);
  put_path(summary, "target", facts.target);
  return summary;
}

std::string to_sentence(const RestoreFacts& facts) {
  std::string text = facts.is_dry_run ? "would restore " : "restored ";
  text += objects_in_words(facts.counts);
  if (facts.counts.content_bytes > 0) text += fmt::format(" ({})", human_bytes(facts.counts.content_bytes));
  text += fmt::format(" from {} to {} in {}", facts.archive, printable(facts.target), human_duration(facts.duration));
  const std::vector<std::string> parts = remarks(facts);
  if (!parts.empty()) text += fmt::format("; {}", fmt::join(parts, ", "));
  if (!facts.is_complete) text += "; it is NOT complete";
  return text;
}

}  // namespace osbackup::client
