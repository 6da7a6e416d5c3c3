#include "client/progress_text.hpp"

#include <fmt/format.h>

#include <optional>

#include "core/byte_count.hpp"
#include "core/counted.hpp"
#include "core/time_format.hpp"

namespace osbackup::client {
namespace {

using backup::Progress;
using backup::Stage;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::Starting:
      return "starting";
    case Stage::SendingKept:
      return "sending kept archives";
    case Stage::Archiving:
      return "archiving";
    case Stage::Zipping:
      return "zipping";
    case Stage::Uploading:
      return "uploading";
    case Stage::Verifying:
      return "reading back";
    case Stage::Reporting:
      return "reporting";
    case Stage::Done:
      return "done";
  }
  return "";
}

/// What is known of an upload; each number is looked at once, so that they fit each other.
struct UploadProgress {
  std::uint64_t sent = 0;
  std::uint64_t total = 0;
  std::chrono::duration<double> sending{0};

  UploadProgress(const Progress& progress, steady_clock::time_point now)
      : sent(progress.sent_bytes), total(progress.total_bytes) {
    const steady_clock::time_point since = progress.sending_since;
    if (since != steady_clock::time_point()) sending = now - since;
  }

  double percent() const { return total == 0 ? 0 : 100.0 * static_cast<double>(sent) / static_cast<double>(total); }

  /// At the rate so far; nothing before there is one.
  std::optional<milliseconds> left() const {
    if (sent == 0 || total <= sent || sending <= sending.zero()) return std::nullopt;
    const double factor = static_cast<double>(total - sent) / static_cast<double>(sent);
    return std::chrono::duration_cast<milliseconds>(sending * factor);
  }
};

bool is_making(Stage stage) { return stage == Stage::Archiving || stage == Stage::Zipping; }

}  // namespace

std::string progress_text(const Progress& progress, const ProgressMoment& moment) {
  const Stage stage = progress.stage;
  const UploadProgress upload(progress, moment.now);
  std::string text = fmt::format("{}  {}", human_duration(moment.elapsed), name_of(stage));
  if (is_making(stage))
    text += fmt::format("  {}, {}", counted(progress.files, "file"), human_bytes(progress.source_bytes));
  if (is_making(stage) && upload.sent > 0) text += fmt::format(", {} sent", human_bytes(upload.sent));
  if (stage == Stage::Uploading) {
    text += fmt::format("  {:.0f} %, {} of {}", upload.percent(), human_bytes(upload.sent), human_bytes(upload.total));
    if (const auto left = upload.left()) text += fmt::format(", {} left", human_duration(*left));
  }
  return text;
}

json::Object progress_object(const Progress& progress, const ProgressMoment& moment) {
  const UploadProgress upload(progress, moment.now);
  json::Object object{{"message_type", "status"},
                      {"stage", name_of(progress.stage)},
                      {"elapsed_ms", moment.elapsed.count()},
                      {"files", progress.files.load()},
                      {"source_bytes", progress.source_bytes.load()}};
  if (upload.sent > 0 || upload.total > 0) object["sent_bytes"] = upload.sent;
  if (upload.total == 0) return object;
  object["total_bytes"] = upload.total;
  object["percent_done"] = upload.percent();
  if (const auto left = upload.left()) object["left_ms"] = left->count();
  return object;
}

}  // namespace osbackup::client
