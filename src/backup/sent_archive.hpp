#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "crypto/digest.hpp"
#include "crypto/random.hpp"

namespace osbackup::backup {

/// What is remembered of an archive while it is sent, so that what is read back can be compared without the archive:
/// its SHA-256, its last 128 KiB, and the digests of eight pieces of 1 MiB. Each piece is as likely as any other to be
/// among them, however many there will be (reservoir sampling, Vitter's algorithm R). The memory does not grow with the
/// archive. One thread at a time.
class SentArchive {
 public:
  static constexpr std::size_t kPieceBytes = 1U << 20U;
  static constexpr std::size_t kPiecesMax = 8;
  static constexpr std::size_t kTailBytes = 128U << 10U;

  /// One of the pieces; only the archive's last may be shorter than 1 MiB.
  struct Piece {
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
    crypto::Sha256Digest digest{};
  };

  /// A random number below its argument.
  using RandomBelow = std::function<std::uint64_t(std::uint64_t)>;

  explicit SentArchive(RandomBelow random_below = crypto::random_below) : random_below_(std::move(random_below)) {}

  /// The archive's bytes from `offset` on, which is at most bytes(). What was added before is passed over: bytes that
  /// are sent twice count once.
  void add(std::uint64_t offset, std::span<const std::byte> bytes);

  /// No more will come. Called once, before what follows.
  void finish();

  std::uint64_t bytes() const noexcept { return bytes_; }
  const crypto::Sha256Digest& sha256() const noexcept { return sha256_; }

  /// The last 128 KiB, or all of a smaller archive.
  std::span<const std::byte> tail() const noexcept;

  /// The chosen pieces, in no order; all of them when there are at most eight.
  const std::vector<Piece>& pieces() const noexcept { return pieces_; }

 private:
  void keep_tail(std::span<const std::byte> bytes);
  void begin_piece();
  void end_piece();

  RandomBelow random_below_;
  std::uint64_t bytes_ = 0;
  crypto::Sha256 whole_;
  crypto::Sha256Digest sha256_{};
  std::vector<std::byte> tail_;
  std::vector<Piece> pieces_;
  crypto::Sha256 piece_;
  std::uint64_t piece_begin_ = 0;
  std::optional<std::size_t> place_;  ///< Of the piece that is coming, among the chosen ones; nothing: not chosen.
};

}  // namespace osbackup::backup
