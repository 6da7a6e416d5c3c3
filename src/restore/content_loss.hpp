#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "archive/entry.hpp"
#include "core/error.hpp"
#include "restore/object_sink.hpp"

namespace osbackup::restore {

/// What is lost of a file's content, and what becomes of the rest. Places are those of the content as a tar stores it:
/// of a sparse file, its extents one after another. One thread at a time.
class ContentLoss {
 public:
  /// `size` is the file's; the extents, those of archive::content_extents, outlive it.
  ContentLoss(std::uint64_t size, const std::vector<archive::Extent>& extents);

  /// A stretch is lost; of no bytes when something is wrong and nothing is missing. Of all reasons the one of the first
  /// stretch is told.
  void add(archive::Extent stretch, const std::string& why);

  /// Nobody knows whether what comes behind the first stretch was put where it belongs: it is lost too.
  void lose_behind_first();

  bool is_none() const noexcept { return is_none_; }

  /// Has the receiver keep the rest, if there is any. Gives the Corrupt error that says what is lost, why, and where
  /// the rest is, or why it could not be kept. Throws what is about all objects.
  Error keep_rest(Receiver& receiver) const;

 private:
  std::string lost_in_words() const;
  std::uint64_t place_in_file(std::uint64_t stored_offset) const;

  std::uint64_t size_;
  const std::vector<archive::Extent>& extents_;
  std::uint64_t stored_bytes_ = 0;
  bool is_none_ = true;
  bool is_cut_ = false;  ///< Whether all behind the first stretch is lost, and may have been written.
  std::uint64_t first_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t stretches_ = 0;
  std::string why_;
};

}  // namespace osbackup::restore
