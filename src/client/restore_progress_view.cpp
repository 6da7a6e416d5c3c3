#include "client/restore_progress_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/byte_count.hpp"
#include "core/counted.hpp"
#include "core/time_format.hpp"

namespace osbackup::client {
namespace {

using restore::RestoreProgress;
using std::chrono::milliseconds;

const char* name_of(RestoreProgress::Stage stage) {
  switch (stage) {
    case RestoreProgress::Stage::Opening:
      return "opening";
    case RestoreProgress::Stage::Planning:
      return "planning";
    case RestoreProgress::Stage::Reading:
      return "reading";
    case RestoreProgress::Stage::Finishing:
      return "finishing";
    case RestoreProgress::Stage::Done:
      return "done";
  }
  return "";
}

/// What is known at one moment; each number is looked at once, so that they fit each other.
struct Moment {
  std::uint64_t objects = 0;
  std::uint64_t objects_total = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t troubles = 0;
  std::chrono::duration<double> elapsed{0};

  Moment(const RestoreProgress& progress, milliseconds since_begin)
      : objects(progress.objects),
        objects_total(progress.objects_total),
        bytes(progress.bytes),
        bytes_total(progress.bytes_total),
        troubles(progress.troubles),
        elapsed(since_begin) {}

  /// Of the bytes, or of the objects where none has any; nothing while the total is not known.
  std::optional<double> percent() const {
    const auto part = static_cast<double>(bytes_total > 0 ? bytes : objects);
    const auto whole = static_cast<double>(bytes_total > 0 ? bytes_total : objects_total);
    return whole > 0 ? std::optional(std::min(100.0, 100.0 * part / whole)) : std::nullopt;
  }

  std::uint64_t bytes_per_second() const {
    return elapsed.count() > 0 ? static_cast<std::uint64_t>(static_cast<double>(bytes) / elapsed.count()) : 0;
  }

  /// At the rate so far; nothing before there is one.
  std::optional<milliseconds> left() const {
    if (bytes == 0 || bytes_total <= bytes) return std::nullopt;
    const double factor = static_cast<double>(bytes_total - bytes) / static_cast<double>(bytes);
    return std::chrono::duration_cast<milliseconds>(elapsed * factor);
  }
};

std::string of_total(const std::string& part, std::uint64_t total, const std::string& whole) {
  return total == 0 ? part : part + " of " + whole;
}

}  // namespace

void RestoreProgressView::begin_archive(std::uint64_t number, std::uint64_t total, milliseconds elapsed) {
  archive_ = number;
  archives_total_ = total;
  archive_begun_ms_ = elapsed.count();
}

std::string RestoreProgressView::text(milliseconds elapsed) const {
  const Moment moment(progress_, elapsed - milliseconds(archive_begun_ms_));
  const char* counted_as = counts_archives_ ? "archive" : "object";
  std::string text = fmt::format("{}  {}  ", human_duration(elapsed), name_of(progress_.stage));
  if (archives_total_ > 1) text += fmt::format("archive {} of {}, ", archive_.load(), archives_total_.load());
  if (const auto percent = moment.percent()) text += fmt::format("{:.0f} %, ", *percent);
  if (moment.objects_total == 0)
    text += counted(moment.objects, counted_as);
  else
    text += fmt::format("{} of {}", moment.objects, counted(moment.objects_total, counted_as));
  if (moment.bytes > 0 || moment.bytes_total > 0)
    text += ", " + of_total(human_bytes(moment.bytes), moment.bytes_total, human_bytes(moment.bytes_total));
  if (moment.bytes > 0) text += fmt::format(", {}/s", human_bytes(moment.bytes_per_second()));
  if (const auto left = moment.left()) text += fmt::format(", {} left", human_duration(*left));
  if (moment.troubles > 0) text += ", " + counted(moment.troubles, "trouble");
  return text;
}

json::Object RestoreProgressView::object(milliseconds elapsed) const {
  const Moment moment(progress_, elapsed - milliseconds(archive_begun_ms_));
  const std::string counted_as = counts_archives_ ? "archives" : "objects";
  json::Object object{{"message_type", "status"},      {"stage", name_of(progress_.stage)},
                      {"elapsed_ms", elapsed.count()}, {counted_as, moment.objects},
                      {"bytes", moment.bytes},         {"troubles", moment.troubles}};
  if (moment.objects_total > 0) object[counted_as + "_total"] = moment.objects_total;
  if (archives_total_ > 1) {
    object["archive"] = archive_.load();
    object["archives_total"] = archives_total_.load();
  }
  if (moment.bytes_total > 0) object["bytes_total"] = moment.bytes_total;
  if (const auto percent = moment.percent()) object["percent_done"] = *percent;
  if (const auto left = moment.left()) object["left_ms"] = left->count();
  return object;
}

}  // namespace osbackup::client
