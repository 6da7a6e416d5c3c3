#pragma once

#include <cstdint>
#include <random>

namespace osbackup::restore {

/// Chooses, one after another, which stretches of an archive's data are read, so that together they come to a share of
/// it, each byte as likely as any other: selection sampling (Knuth, The Art of Computer Programming, 3.4.2, algorithm
/// S), counted in bytes. One thread at a time.
class DataSample {
 public:
  /// A `share` of more than 0 and at most 1, of `bytes`; at least one stretch.
  DataSample(std::uint64_t bytes, double share, std::uint64_t seed);

  /// Whether the next stretch, which has so many bytes, is read.
  bool choose(std::uint64_t bytes);

  /// How long a stretch should be: as long as is worth a range read, and so short that a share is many.
  std::uint64_t stretch_bytes() const noexcept { return stretch_bytes_; }

  /// How many bytes are still to be chosen.
  std::uint64_t wanted() const noexcept { return wanted_; }

 private:
  std::uint64_t left_;    ///< Of the data.
  std::uint64_t wanted_;  ///< Of what is left.
  std::uint64_t stretch_bytes_;
  bool has_chosen_ = false;
  std::mt19937_64 random_;
};

}  // namespace osbackup::restore
