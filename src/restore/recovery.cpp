#include "restore/recovery.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/entry_stream.hpp"
#include "restore/salvaged_entries.hpp"
#include "restore/sequential_extraction.hpp"

namespace osbackup::restore {
namespace {

class SalvagedStream final : public EntryStream {
 public:
  explicit SalvagedStream(SalvagedEntries& entries) : entries_(entries) {}

  std::optional<archive::Entry> next() override {
    std::optional<archive::Entry> entry = entries_.next();
    stored_bytes_ = entry ? archive::stored_bytes(*entry) : 0;
    position_ = 0;
    piece_ = {};
    return entry;
  }

  std::size_t read(std::span<std::byte> out) override {
    std::size_t written = 0;
    while (written < out.size() && next_piece() == position_ && position_ < stored_bytes_) {
      const auto bytes = piece_.bytes.first(std::min(out.size() - written, piece_.bytes.size()));
      std::copy(bytes.begin(), bytes.end(), out.begin() + static_cast<std::ptrdiff_t>(written));
      piece_.bytes = piece_.bytes.subspan(bytes.size());
      piece_.stored_offset += bytes.size();
      position_ += bytes.size();
      written += bytes.size();
    }
    if (position_ == stored_bytes_ && !entries_.is_in_place())
      throw Error(ErrorKind::Corrupt, "its gzip members do not hold as much as its header says");
    return written;
  }

  std::uint64_t skip_lost() override {
    const std::uint64_t lost = next_piece() - position_;
    position_ += lost;
    return lost;
  }

  const std::vector<std::string>& lost_attributes() const override { return lost_attributes_; }

 private:
  /// Where the next content that is not lost begins, as it is stored; its end when none comes.
  std::uint64_t next_piece() {
    if (piece_.bytes.empty())
      piece_ = entries_.next_content().value_or(SalvagedEntries::Content{.stored_offset = stored_bytes_, .bytes = {}});
    return piece_.stored_offset;
  }

  SalvagedEntries& entries_;
  std::uint64_t stored_bytes_ = 0;            ///< Of the entry.
  std::uint64_t position_ = 0;                ///< In its content as it is stored.
  SalvagedEntries::Content piece_;            ///< What was not read of the last one.
  std::vector<std::string> lost_attributes_;  ///< None: our ACLs are numeric.
};

/// What is wrong with the index, all of which is read; empty when it can be gone by.
std::string problem_of_index(archive::ArchiveReader& archive, const std::stop_token& stop) {
  if (!archive.manifest()) return {};
  try {
    auto lines = archive.list(".");
    while (lines.next())
      if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    return error.what();
  }
  return {};
}

}  // namespace

Remains open_remains(std::shared_ptr<const RangeReader> object) {
  Remains remains{.object = std::move(object), .archive = nullptr, .problem = {}};
  try {
    remains.archive = std::make_unique<archive::ArchiveReader>(remains.object);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    remains.problem = error.what();
  }
  return remains;
}

void recover(Remains& remains, ExtractionOrder order, ObjectSink& sink, ExtractionVoices voices) {
  order.keep_going = true;
  const std::string problem = remains.archive ? problem_of_index(*remains.archive, order.stop) : remains.problem;
  if (problem.empty()) return extract(*remains.archive, order, sink, voices);
  voices.troubles.add({.kind = Trouble::Kind::Damaged, .path = "", .reason = problem});
  voices.troubles.add({.kind = Trouble::Kind::Note,
                       .path = "",
                       .reason = "the index cannot be gone by: all tars are searched for what can be had, and no "
                                 "content can be compared with its digest"});
  SalvagedEntries salvaged(
      remains.object,
      [&](const SalvageLoss& loss) {
        voices.troubles.add({.kind = Trouble::Kind::Damaged, .path = "", .reason = to_text(loss)});
      },
      order.stop);
  SalvagedStream stream(salvaged);
  extract_in_sequence(stream, order, sink, voices);
}

}  // namespace osbackup::restore
