#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backup/name_spill.hpp"

namespace osbackup::backup {

/// The names of one directory, as it gives them in any order, then sorted as raw bytes, and each once: some file
/// systems give a name twice while the directory changes. Beyond a number of bytes they go to a spill as sorted runs,
/// which are merged while the names are taken (external merge sort). One thread at a time.
class NameList {
 public:
  /// More than about `bytes_max` bytes are not kept in memory while names are added.
  NameList(NameSpill& spill, std::size_t bytes_max) : spill_(&spill), bytes_max_(bytes_max) {}
  NameList(NameList&& other) noexcept = default;
  NameList& operator=(NameList&&) = delete;
  ~NameList() { release(); }

  /// A name without a zero byte.
  void add(std::string_view name);
  /// After the last add() and before the first take().
  void sort();

  /// The next name, with a zero byte behind it; nullptr at the end. Valid until the list is used again or moved.
  const char* take();
  bool at_end() const noexcept { return remaining_ == 0; }
  /// How many names are still to be taken, with those that lie in the spill more than once.
  std::uint64_t remaining() const noexcept { return remaining_; }
  /// No more names are taken.
  void clear() noexcept;

  /// What the list takes in memory.
  std::size_t memory_bytes() const noexcept;
  /// Frees nearly all of that memory, at the price of reading again what is taken afterwards.
  void shrink();

 private:
  /// Sorted names in the spill, each with its zero byte, from the first that was not taken yet.
  struct Run {
    std::uint64_t begin = 0;  ///< Of the whole run.
    std::uint64_t next = 0;   ///< Of the first name that was not taken.
    std::uint64_t end = 0;
    std::string buffer = {};  ///< Bytes from `next` on, behind `taken` bytes that were; the first name is whole.
    std::size_t taken = 0;

    const char* name() const noexcept { return buffer.data() + taken; }
  };

  void sort_in_memory();
  void spill_from(std::size_t first);
  const char* take_merged();
  void load_runs();
  void load(Run& run) const;
  void drop_front();
  static bool comes_later(const Run& left, const Run& right) noexcept;
  void release() noexcept;

  NameSpill* spill_;
  std::size_t bytes_max_;
  std::uint64_t remaining_ = 0;
  std::string text_;                    ///< Names in memory, each with its zero byte,
  std::vector<std::uint32_t> offsets_;  ///< where they begin, in order once they are sorted,
  std::size_t next_ = 0;                ///< and the next of them.
  std::vector<Run> runs_;               ///< A heap by name while it is loaded: the first name of all in front.
  bool loaded_ = false;
  bool front_is_taken_ = false;            ///< The front's name is still with the caller.
  std::optional<std::string> last_taken_;  ///< From the runs: other runs may have it as well.
};

}  // namespace osbackup::backup
