#include "notify/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/json.hpp"
#include "system/file.hpp"

namespace osbackup::notify {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kEntryBytesMax = 1U << 20U;
constexpr std::size_t kRefusedMax = 52;
constexpr std::string_view kSuffix = ".json";

std::optional<std::uint64_t> number_of(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.ends_with(kSuffix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = name.data() + name.size() - kSuffix.size();
  const auto [stop, problem] = std::from_chars(name.data(), end, number);
  if (problem != std::errc{} || stop != end) return std::nullopt;
  return number;
}

json::Object to_json(const OutboxEntry& entry) {
  return {{"to_be_counted", entry.to_be_counted}, {"report", report::to_json(entry.report)}};
}

OutboxEntry read_entry(const fs::path& file, std::uint64_t number) {
  const json::Value value = json::parse(system::read_file(file, kEntryBytesMax));
  const json::Object* object = value.if_object();
  const json::Value* counted = object == nullptr ? nullptr : object->if_contains("to_be_counted");
  const json::Value* report = object == nullptr ? nullptr : object->if_contains("report");
  if (counted == nullptr || !counted->is_bool() || report == nullptr)
    throw Error(ErrorKind::Corrupt, "an outbox file has another form than expected");
  return {.number = number, .to_be_counted = counted->get_bool(), .report = report::report_from_json(*report)};
}

/// The newest refusals are the ones that somebody looks at.
void drop_oldest(const fs::path& folder) {
  const std::vector<std::string> names = system::list_directory(folder);
  for (std::size_t i = 0; i + kRefusedMax < names.size(); ++i) system::remove_file(folder / names[i]);
}

}  // namespace

Outbox::Outbox(fs::path folder) : folder_(std::move(folder)) {
  system::make_directories(folder_);
  for (const std::string& name : system::list_directory(folder_)) {
    const fs::path file = folder_ / name;
    const std::optional<std::uint64_t> number = number_of(file);
    if (!number) continue;
    try {
      entries_.push_back(read_entry(file, *number));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::Usage) throw;
      fs::path aside = file;
      aside += ".unreadable";
      system::rename_file(file, aside);
    }
  }
  std::sort(entries_.begin(), entries_.end(),
            [](const OutboxEntry& left, const OutboxEntry& right) { return left.number < right.number; });
}

std::vector<std::string> Outbox::add(bool to_be_counted, const report::BackupReport& report) {
  std::vector<std::string> dropped;
  while (entries_.size() >= kEntriesMax) {
    auto victim =
        std::find_if(entries_.begin(), entries_.end(), [](const OutboxEntry& entry) { return !entry.report.is_ok; });
    if (victim == entries_.end()) victim = entries_.begin();
    dropped.push_back(fmt::format("the outbox is full: the report of {} was dropped and never reached the server",
                                  victim->report.backup_time));
    remove(victim->number);
  }
  const std::uint64_t number = entries_.empty() ? 1 : entries_.back().number + 1;
  entries_.push_back({.number = number, .to_be_counted = to_be_counted, .report = report});
  save(entries_.back());
  return dropped;
}

void Outbox::mark_counted(std::uint64_t number) {
  OutboxEntry& entry = entries_[index_of(number)];
  entry.to_be_counted = false;
  save(entry);
}

void Outbox::remove(std::uint64_t number) {
  const std::size_t index = index_of(number);
  system::remove_file(file_of(number));
  system::sync_directory(folder_);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Outbox::set_aside(std::uint64_t number, const std::string& reason) {
  const fs::path refused = folder_ / "refused";
  system::make_directories(refused);
  const OutboxEntry& entry = entries_[index_of(number)];
  json::Object object = to_json(entry);
  object["reason"] = reason;
  const std::string name =
      fmt::format("{}-{}{}", entry.report.backup_time, entry.report.run_id.value_or("no-run-id"), kSuffix);
  system::write_file_durably(refused / percent_encode(name, [](char c) { return c != '/' && c != ' '; }),
                             json::serialize(object) + "\n");
  drop_oldest(refused);
  remove(number);
}

fs::path Outbox::file_of(std::uint64_t number) const { return folder_ / fmt::format("{:06}{}", number, kSuffix); }

void Outbox::save(const OutboxEntry& entry) const {
  system::write_file_durably(file_of(entry.number), json::serialize(to_json(entry)) + "\n");
}

std::size_t Outbox::index_of(std::uint64_t number) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const OutboxEntry& entry) { return entry.number == number; });
  assert(found != entries_.end());
  return static_cast<std::size_t>(found - entries_.begin());
}

}  // namespace osbackup::notify
