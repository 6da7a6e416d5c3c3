#include "backup/member_builder.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace osbackup::backup {

using archive::kMemberContentMax;

MemberPlace MemberBuilder::place_entry(std::size_t start, std::uint64_t content) {
  assert(start <= raw_.size());
  if (start > 0 && raw_.size() + content > kMemberContentMax) {
    cut(start);
    start = 0;
  }
  return {.member = run_.ends.size(), .skip = start};
}

std::size_t MemberBuilder::end_entry(const MemberPlace& place, std::size_t headers) {
  // Only an entry that has the member to itself can be too large for it.
  if (raw_.size() <= kMemberContentMax) return run_.ends.size();
  assert(place.skip == 0);
  cut(std::max(headers, kMemberContentMax));
  while (!raw_.empty()) cut(std::min(raw_.size(), kMemberContentMax));
  return run_.ends.size() - 1;
}

MemberRun MemberBuilder::finish() {
  if (!raw_.empty()) cut(raw_.size());
  return std::exchange(run_, {});
}

/// Makes a member of the first bytes; the others move to the front.
void MemberBuilder::cut(std::size_t bytes) {
  const std::span<const std::byte> member = encoder_.encode(std::span(raw_).first(bytes), member_);
  run_.bytes.insert(run_.bytes.end(), member.begin(), member.end());
  run_.ends.push_back(run_.bytes.size());
  run_.tar_bytes += bytes;
  raw_.erase(raw_.begin(), raw_.begin() + static_cast<std::ptrdiff_t>(bytes));
}

}  // namespace osbackup::backup
