#include "backup/name_list.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "core/error.hpp"

namespace osbackup::backup {
namespace {

/// How much is written to the spill at a time.
constexpr std::size_t kWriteBytes = 64U << 10U;
/// What the read buffers of all runs take together, as long as each has at least the least.
constexpr std::size_t kReadBytesInAll = 4U << 20U;
constexpr std::size_t kReadBytesMost = 64U << 10U;
constexpr std::size_t kReadBytesLeast = 4U << 10U;

/// The capacity of a string or vector that has to hold so many elements.
std::size_t grown(std::size_t capacity, std::size_t needed) noexcept {
  return needed <= capacity ? capacity : std::max(needed, 2 * capacity);
}

/// Gives the memory back: assigning or clearing keeps it.
template <class Container>
void free_memory(Container& container) noexcept {
  Container().swap(container);
}

}  // namespace

void NameList::add(std::string_view name) {
  assert(name.find('\0') == std::string_view::npos && bytes_max_ < std::numeric_limits<std::uint32_t>::max() / 2);
  // What they take when they have grown, not what is in them: that is up to twice as much.
  const std::size_t bytes = grown(text_.capacity(), text_.size() + name.size() + 1) +
                            grown(offsets_.capacity(), offsets_.size() + 1) * sizeof(offsets_[0]);
  if (bytes > bytes_max_ && !offsets_.empty()) {
    sort_in_memory();
    spill_from(0);
    text_.clear();
    offsets_.clear();
  }
  offsets_.push_back(static_cast<std::uint32_t>(text_.size()));
  text_.append(name).push_back('\0');
  ++remaining_;
}

void NameList::sort() {
  sort_in_memory();
  if (!runs_.empty()) shrink();
}

void NameList::sort_in_memory() {
  std::sort(offsets_.begin(), offsets_.end(),
            [this](std::uint32_t left, std::uint32_t right) { return std::strcmp(&text_[left], &text_[right]) < 0; });
  const auto twice = std::unique(offsets_.begin(), offsets_.end(), [this](std::uint32_t left, std::uint32_t right) {
    return std::strcmp(&text_[left], &text_[right]) == 0;
  });
  remaining_ -= static_cast<std::uint64_t>(offsets_.end() - twice);
  offsets_.erase(twice, offsets_.end());
}

/// Writes the names in memory from the `first` on, which are sorted, as a run.
void NameList::spill_from(std::size_t first) {
  if (first == offsets_.size()) return;
  std::string chunk;
  chunk.reserve(kWriteBytes);
  Run run{.begin = spill_->end()};
  for (std::size_t i = first; i < offsets_.size(); ++i) {
    const std::string_view name(&text_[offsets_[i]]);
    if (chunk.size() + name.size() + 1 > kWriteBytes) {
      spill_->append(chunk);
      chunk.clear();
    }
    chunk.append(name).push_back('\0');
  }
  spill_->append(chunk);
  run.next = run.begin;
  run.end = spill_->end();
  runs_.push_back(std::move(run));
  loaded_ = false;
}

const char* NameList::take() {
  if (remaining_ == 0) return nullptr;
  if (!runs_.empty()) return take_merged();
  --remaining_;
  return &text_[offsets_[next_++]];
}

const char* NameList::take_merged() {
  if (front_is_taken_) drop_front();
  if (!loaded_) load_runs();
  while (last_taken_ && runs_.front().name() == *last_taken_) {
    drop_front();
    if (--remaining_ == 0) return nullptr;
  }
  front_is_taken_ = true;
  last_taken_ = runs_.front().name();
  --remaining_;
  return runs_.front().name();
}

void NameList::load_runs() {
  for (Run& run : runs_) load(run);
  std::make_heap(runs_.begin(), runs_.end(), comes_later);
  loaded_ = true;
}

/// Makes the run's first name whole in its buffer.
void NameList::load(Run& run) const {
  const auto is_whole = [&] { return run.buffer.find('\0', run.taken) != std::string::npos; };
  if (is_whole()) return;
  run.buffer.erase(0, run.taken);
  run.taken = 0;
  const std::size_t share = std::clamp(kReadBytesInAll / runs_.size(), kReadBytesLeast, kReadBytesMost);
  do {
    const std::size_t held = run.buffer.size();
    const std::uint64_t left = run.end - run.next - held;
    if (left == 0) throw Error(ErrorKind::Internal, "a temporary file of names does not hold what was written to it");
    run.buffer.resize(held + std::min<std::uint64_t>(left, share));
    const std::size_t count = spill_->read(run.next + held, std::span(run.buffer).subspan(held));
    run.buffer.resize(held + count);
  } while (!is_whole());
}

/// Passes over the name that was taken last.
void NameList::drop_front() {
  front_is_taken_ = false;
  std::pop_heap(runs_.begin(), runs_.end(), comes_later);
  Run& run = runs_.back();
  const std::size_t bytes = std::strlen(run.name()) + 1;
  run.next += bytes;
  run.taken += bytes;
  if (run.next == run.end) {
    spill_->release(run.begin, run.end - run.begin);
    runs_.pop_back();
    return;
  }
  load(run);
  std::push_heap(runs_.begin(), runs_.end(), comes_later);
}

bool NameList::comes_later(const Run& left, const Run& right) noexcept {
  return std::strcmp(left.name(), right.name()) > 0;
}

void NameList::shrink() {
  if (front_is_taken_) drop_front();
  spill_from(next_);
  free_memory(text_);
  free_memory(offsets_);
  next_ = 0;
  for (Run& run : runs_) {
    free_memory(run.buffer);
    run.taken = 0;
  }
  loaded_ = false;
}

void NameList::clear() noexcept {
  release();
  free_memory(text_);
  free_memory(offsets_);
  next_ = 0;
  remaining_ = 0;
  loaded_ = false;
  front_is_taken_ = false;
  last_taken_.reset();
}

std::size_t NameList::memory_bytes() const noexcept {
  std::size_t bytes = text_.capacity() + offsets_.capacity() * sizeof(offsets_[0]);
  for (const Run& run : runs_) bytes += run.buffer.capacity();
  return bytes;
}

void NameList::release() noexcept {
  for (const Run& run : runs_) spill_->release(run.begin, run.end - run.begin);
  runs_.clear();
}

}  // namespace osbackup::backup
