#include "restore/recovery.hpp"

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

  std::optional<archive::Entry> next() override { return entries_.next(); }
  std::size_t read(std::span<std::byte> out) override { return entries_.read(out); }
  const std::vector<std::string>& lost_attributes() const override { return lost_attributes_; }

 private:
  SalvagedEntries& entries_;
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
