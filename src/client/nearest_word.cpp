#include "client/nearest_word.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace osbackup::client {
namespace {

constexpr std::size_t kChangesMax = 2;

/// How many letters have to be changed, added or left out (Levenshtein's distance), a row of the table at a time.
std::size_t changes_between(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t changed = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, diagonal + 1, changed});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest_word(std::string_view written, const std::vector<std::string>& known) {
  std::optional<std::string> nearest;
  std::size_t changes_max = std::min(kChangesMax, written.empty() ? 0 : (written.size() - 1) / 2);
  for (const std::string& word : known) {
    const std::size_t changes = changes_between(written, word);
    if (changes > changes_max || (nearest && changes == changes_max)) continue;
    nearest = word;
    changes_max = changes;
  }
  return nearest;
}

}  // namespace osbackup::client
