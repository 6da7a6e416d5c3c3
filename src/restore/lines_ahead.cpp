#include "restore/lines_ahead.hpp"

#include "core/error.hpp"

namespace osbackup::restore {
namespace {

constexpr std::size_t kBatchLines = 1024;
constexpr std::size_t kBatchNameBytes = 1U << 20U;
constexpr std::size_t kBatchesMax = 4;

}  // namespace

LinesAhead::LinesAhead(archive::ArchiveReader& archive, const std::vector<std::string>& paths) {
  // Made here, since opening the index is not for two threads.
  for (const std::string& path : paths) lines_.push_back(archive.list(path));
  thread_ = std::jthread([this](const std::stop_token& stop) { read(stop); });
}

LinesAhead::~LinesAhead() = default;

std::optional<LinesAhead::Line> LinesAhead::next() {
  while (next_ == batch_.lines.size()) {
    if (batch_.is_last) return std::nullopt;
    {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [this] { return !batches_.empty(); });
      batch_ = std::move(batches_.front());
      batches_.pop_front();
    }
    room_.notify_one();
    next_ = 0;
    if (batch_.problem) std::rethrow_exception(batch_.problem);
  }
  return std::move(batch_.lines[next_++]);
}

void LinesAhead::read(const std::stop_token& stop) {
  for (bool is_last = false; !is_last;) {
    Batch batch;
    std::exception_ptr problem;
    bool goes_on = true;
    try {
      std::size_t name_bytes = 0;
      while (batch.lines.size() < kBatchLines && name_bytes < kBatchNameBytes && path_ < lines_.size()) {
        if (auto entry = lines_[path_].next()) {
          name_bytes += archive::name_bytes(entry->entry);
          batch.lines.push_back({.entry = std::move(*entry), .path = path_});
        } else {
          ++path_;
        }
      }
      batch.is_last = path_ == lines_.size();
    } catch (const Error& error) {
      problem = std::current_exception();
      goes_on = error.kind() == ErrorKind::Corrupt;
    } catch (...) {
      problem = std::current_exception();
      goes_on = false;
    }
    is_last = batch.is_last || !goes_on;
    if (!put(std::move(batch), stop)) return;
    if (problem && !put({.lines = {}, .problem = problem, .is_last = !goes_on}, stop)) return;
  }
}

bool LinesAhead::put(Batch batch, const std::stop_token& stop) {
  {
    std::unique_lock lock(mutex_);
    if (!room_.wait(lock, stop, [this] { return batches_.size() < kBatchesMax; })) return false;
    batches_.push_back(std::move(batch));
  }
  filled_.notify_one();
  return true;
}

}  // namespace osbackup::restore
