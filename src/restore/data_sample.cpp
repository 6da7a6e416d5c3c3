#include "restore/data_sample.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace osbackup::restore {
namespace {

constexpr std::uint64_t kStretchBytesMax = 8U << 20U;
constexpr std::uint64_t kStretchesMin = 16;

}  // namespace

DataSample::DataSample(std::uint64_t bytes, double share, std::uint64_t seed)
    : left_(bytes),
      wanted_(std::min(bytes, static_cast<std::uint64_t>(std::ceil(static_cast<double>(bytes) * share)))),
      stretch_bytes_(std::clamp<std::uint64_t>(wanted_ / kStretchesMin, 1, kStretchBytesMax)),
      random_(seed) {
  assert(share > 0 && share <= 1);
}

bool DataSample::choose(std::uint64_t bytes) {
  const bool is_last = bytes >= left_;
  const bool is_chosen = (is_last && !has_chosen_) ||
                         (left_ > 0 && std::uniform_int_distribution<std::uint64_t>(0, left_ - 1)(random_) < wanted_);
  left_ -= std::min(left_, bytes);
  if (is_chosen) wanted_ -= std::min(wanted_, bytes);
  wanted_ = std::min(wanted_, left_);
  has_chosen_ |= is_chosen;
  return is_chosen;
}

}  // namespace osbackup::restore
