#include "restore/entry_sorter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "archive/index_path.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/file.hpp"

namespace osbackup::restore {
namespace {

using archive::IndexEntry;

constexpr std::size_t kBufferBytes = 64U << 10U;
const std::string kPurpose = "the list of objects to compare";

std::size_t memory_of(const IndexEntry& entry) {
  const archive::Entry& object = entry.entry;
  return sizeof(IndexEntry) + object.path.size() + object.target.size() + object.user.size() + object.group.size();
}

const std::string& key_of(const IndexEntry& entry, SortKey key) {
  return key == SortKey::Path ? entry.entry.path : entry.entry.target;
}

/// A line and its length before it.
void append_record(std::string& out, const IndexEntry& entry) {
  const std::string line = archive::index_line(entry);
  const std::uint64_t length = line.size();
  out.append(reinterpret_cast<const char*>(&length), sizeof length).append(line);
}

}  // namespace

/// Entries out of the file, through a buffer.
class EntrySorter::SpilledRun {
 public:
  SpilledRun(const EntrySorter& sorter, Place place) : file_(sorter.file_), place_(place) {}

  std::optional<IndexEntry> next() {
    std::uint64_t length = 0;
    if (!fill(sizeof length)) return std::nullopt;
    std::memcpy(&length, buffer_.data() + used_, sizeof length);
    used_ += sizeof length;
    fill(length);
    const std::string_view line = std::string_view(buffer_).substr(used_, length);
    used_ += length;
    return archive::parse_index_line(line);
  }

 private:
  /// Whether so many bytes, which are in the buffer then, are left.
  bool fill(std::size_t bytes) {
    if (buffer_.size() - used_ >= bytes) return true;
    if (place_.length == 0) return false;
    buffer_.erase(0, std::exchange(used_, 0));
    const std::size_t had = buffer_.size();
    const std::size_t wanted = std::max(kBufferBytes, bytes) - had;
    const auto more = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, place_.length));
    buffer_.resize(had + more);
    system::read_at(file_, place_.offset, std::as_writable_bytes(std::span(buffer_).subspan(had)), kPurpose);
    place_ = {.offset = place_.offset + more, .length = place_.length - more};
    return true;
  }

  const system::FileDescriptor& file_;
  Place place_;  ///< Of what is not in the buffer yet.
  std::string buffer_;
  std::size_t used_ = 0;
};

/// All runs together: a heap of the next entry of each.
class EntrySorter::Merge final : public archive::EntrySource {
 public:
  explicit Merge(const EntrySorter& sorter) : sorter_(sorter), is_behind_{sorter.key_} {
    for (const Place& place : sorter.spilled_) runs_.emplace_back(sorter, place);
    for (std::size_t run = 0; run <= runs_.size(); ++run) advance(run);
  }

  std::optional<IndexEntry> next() override {
    if (heads_.empty()) return std::nullopt;
    std::pop_heap(heads_.begin(), heads_.end(), is_behind_);
    Head first = std::move(heads_.back());
    heads_.pop_back();
    advance(first.run);
    return std::move(first.entry);
  }

 private:
  struct Head {
    IndexEntry entry;
    std::size_t run = 0;
  };
  struct IsBehind {
    SortKey key;
    bool operator()(const Head& left, const Head& right) const {
      const std::string& left_key = key_of(left.entry, key);
      const std::string& right_key = key_of(right.entry, key);
      return left_key == right_key ? right.run < left.run : archive::comes_before(right_key, left_key);
    }
  };

  void advance(std::size_t run) {
    std::optional<IndexEntry> entry;
    if (run < runs_.size())
      entry = runs_[run].next();
    else if (next_in_memory_ < sorter_.run_.size())
      entry = sorter_.run_[next_in_memory_++];
    if (!entry) return;
    heads_.push_back({std::move(*entry), run});
    std::push_heap(heads_.begin(), heads_.end(), is_behind_);
  }

  const EntrySorter& sorter_;
  IsBehind is_behind_;
  std::vector<SpilledRun> runs_;
  std::size_t next_in_memory_ = 0;
  std::vector<Head> heads_;
};

EntrySorter::EntrySorter(std::filesystem::path directory, SortKey key, std::size_t memory_bytes)
    : directory_(std::move(directory)), key_(key), memory_bytes_(memory_bytes) {}

void EntrySorter::add(IndexEntry entry) {
  entry.placement = {};
  run_bytes_ += memory_of(entry);
  run_.push_back(std::move(entry));
  if (run_bytes_ > memory_bytes_) spill();
}

std::unique_ptr<archive::EntrySource> EntrySorter::sorted() {
  sort_run();
  return std::make_unique<Merge>(*this);
}

void EntrySorter::sort_run() {
  std::stable_sort(run_.begin(), run_.end(), [this](const IndexEntry& left, const IndexEntry& right) {
    return archive::comes_before(key_of(left, key_), key_of(right, key_));
  });
}

void EntrySorter::spill() {
  if (spilled_.size() == kRunsMax)
    throw Error(ErrorKind::Usage, "there are too many objects to put them in order: name paths to compare less");
  if (!file_) file_ = system::open_unnamed_file(directory_);
  sort_run();
  Place place{.offset = file_bytes_, .length = 0};
  std::string buffer;
  const auto flush = [&] {
    system::write_all(file_, std::exchange(buffer, {}),
                      fmt::format("{} to {}", kPurpose, printable(directory_.native())));
  };
  for (const IndexEntry& entry : run_) {
    const std::size_t had = buffer.size();
    append_record(buffer, entry);
    place.length += buffer.size() - had;
    if (buffer.size() >= kBufferBytes) flush();
  }
  flush();
  file_bytes_ += place.length;
  spilled_.push_back(place);
  run_.clear();
  run_bytes_ = 0;
}

}  // namespace osbackup::restore
