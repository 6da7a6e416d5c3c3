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

/// The archive, when it can be gone by: all of its index is read. Nothing, and why, when it is damaged.
struct Opened {
  std::optional<archive::ArchiveReader> archive;
  std::string problem;
};

Opened open_whole(const std::shared_ptr<const RangeReader>& object, const std::stop_token& stop) {
  Opened opened;
  try {
    archive::ArchiveReader archive(object);
    if (archive.manifest()) {
      auto lines = archive.list(".");
      while (lines.next())
        if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
    }
    opened.archive.emplace(std::move(archive));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    opened.problem = error.what();
  }
  return opened;
}

}  // namespace

void recover(std::shared_ptr<const RangeReader> object, ExtractionOrder order, ObjectSink& sink,
             ExtractionVoices voices) {
  order.keep_going = true;
  Opened opened = open_whole(object, order.stop);
  if (opened.archive) return extract(*opened.archive, order, sink, voices);
  voices.troubles.add({.kind = Trouble::Kind::Damaged, .path = "", .reason = opened.problem});
  voices.troubles.add({.kind = Trouble::Kind::Note,
                       .path = "",
                       .reason = "the index cannot be gone by: all tars are searched for what can be had, and no "
                                 "content can be compared with its digest"});
  SalvagedEntries salvaged(
      std::move(object),
      [&](const SalvageLoss& loss) {
        voices.troubles.add({.kind = Trouble::Kind::Damaged, .path = "", .reason = to_text(loss)});
      },
      order.stop);
  SalvagedStream stream(salvaged);
  extract_in_sequence(stream, order, sink, voices);
}

}  // namespace osbackup::restore
