#include "restore/link_targets.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>

namespace osbackup::restore {
namespace {

constexpr std::uint64_t kWordsMax = (32U << 20U) / sizeof(std::uint64_t);
constexpr std::uint64_t kLinesPerWord = 2;
constexpr std::uint64_t kBitsPerWord = 64;
constexpr std::size_t kBitsPerLine = 4;

/// Numbers for the bits that stand for one line: two halves of a hash, combined as if they were as many hashes.
std::array<std::uint64_t, kBitsPerLine> numbers_of(std::string key, const archive::IndexEntry& line) {
  key += '\0';
  key += std::to_string(line.entry.size);
  if (line.digest) key.append(reinterpret_cast<const char*>(line.digest->data()), line.digest->size());
  const std::uint64_t hash = std::hash<std::string>()(key);
  const std::uint64_t step = (hash >> 32U) | 1U;
  std::array<std::uint64_t, kBitsPerLine> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = hash + i * step;
  return numbers;
}

}  // namespace

LinkTargets::LinkTargets(std::uint64_t lines)
    : words_(static_cast<std::size_t>(std::clamp<std::uint64_t>(lines / kLinesPerWord, 1, kWordsMax))) {}

void LinkTargets::clear() { bits_.clear(); }

void LinkTargets::add(const archive::IndexEntry& line) {
  bits_.resize(words_);
  for (const std::uint64_t number : numbers_of(line.entry.path, line))
    bits_[number / kBitsPerWord % words_] |= std::uint64_t{1} << (number % kBitsPerWord);
}

bool LinkTargets::may_have_target_of(const archive::IndexEntry& link) const {
  if (bits_.empty()) return false;
  for (const std::uint64_t number : numbers_of(link.entry.target, link))
    if ((bits_[number / kBitsPerWord % words_] >> (number % kBitsPerWord) & 1U) == 0) return false;
  return true;
}

}  // namespace osbackup::restore
