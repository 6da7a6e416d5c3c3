#include "restore/sequential_extraction.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "archive/index_path.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/content_loss.hpp"
#include "restore/object_work.hpp"

namespace osbackup::restore {
namespace {

using archive::Entry;
using archive::EntryType;

constexpr std::size_t kPieceBytes = 1U << 20U;
const std::string kLost = "a part of its content is damaged";

class SequentialExtraction {
 public:
  SequentialExtraction(EntryStream& entries, const ExtractionOrder& order, ObjectSink& sink, ExtractionVoices voices)
      : entries_(entries),
        order_(order),
        sink_(sink),
        voices_(voices),
        work_(order, voices),
        is_found_(order.selection.paths.size()),
        piece_(kPieceBytes) {}

  void run() {
    for (bool is_more = true; is_more;) {
      if (order_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
      try {
        std::optional<Entry> entry = entries_.next();
        is_more = entry.has_value();
        if (entry) take(std::move(*entry));
      } catch (const Error& error) {
        const bool is_damage = error.kind() == ErrorKind::Corrupt;
        if (is_damage ? !order_.keep_going : error.kind() != ErrorKind::Usage) throw;
        voices_.progress.troubles += 1;
        voices_.troubles.add(
            {.kind = is_damage ? Trouble::Kind::Damaged : Trouble::Kind::Failed, .path = "", .reason = error.what()});
      }
    }
    for (std::size_t i = 0; i < is_found_.size(); ++i)
      if (!is_found_[i])
        voices_.troubles.add(
            {.kind = Trouble::Kind::Failed, .path = order_.selection.paths[i], .reason = "it is not in the archive"});
  }

 private:
  void take(Entry entry) {
    for (std::size_t i = 0; i < is_found_.size(); ++i)
      if (archive::lies_in(entry.path, order_.selection.paths[i])) is_found_[i] = true;
    const Selection& selection = order_.selection;
    if (!selection.matches(entry.path, entry.type == EntryType::Directory)) return;
    PlannedObject object{.line = {.entry = std::move(entry), .digest = {}, .attributes_digest = {}, .placement = {}},
                         .path_in_tar = {}};
    // Every file may have more names behind it: links to what is lost shall know.
    object.line.entry.links = 2;
    try {
      const Entry& wanted = object.line.entry;
      const bool is_link = wanted.type == EntryType::Hardlink;
      if (is_link && !selection.matches(wanted.target, false))
        throw Error(ErrorKind::NotFound, "it is a hard link to " + printable(wanted.target) +
                                             ", which is not selected: restore that as well");
      if (is_link && work_.is_lost(wanted.target))
        throw Error(ErrorKind::NotFound, "the content that it is a hard link to could not be restored");
      if (!sink_.wants(wanted)) return;
      const std::unique_ptr<Receiver> receiver = sink_.receive(wanted);
      if (!receiver) return;
      for (const std::string& name : entries_.lost_attributes())
        voices_.troubles.add_not_set("extended attribute " + printable(name), wanted.path,
                                     "the tar has no value for it");
      receiver->begin(wanted);
      if (wanted.type == EntryType::File) write_content(wanted, *receiver);
      receiver->finish();
      work_.count(object);
    } catch (const Error& error) {
      work_.settle(object, error);
    }
  }

  void write_content(const Entry& entry, Receiver& receiver) {
    const std::vector<archive::Extent> extents = archive::content_extents(entry);
    ContentLoss loss(entry.size, extents);
    std::uint64_t stored_offset = 0;
    try {
      copy_content(extents, receiver, stored_offset, loss);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt || !order_.keep_going) throw;
      loss.add({.offset = stored_offset, .length = 0}, error.what());
      loss.lose_behind_first();
    }
    if (!loss.is_none()) throw loss.keep_rest(receiver);
  }

  /// `stored_offset` goes along with the content that is through.
  void copy_content(std::vector<archive::Extent> extents, Receiver& receiver, std::uint64_t& stored_offset,
                    ContentLoss& loss) {
    std::uint64_t lost = 0;  // From here on.
    for (archive::Extent& extent : extents) {
      const auto go_on = [&](std::uint64_t bytes) {
        extent.offset += bytes;
        extent.length -= bytes;
        stored_offset += bytes;
      };
      while (extent.length > 0) {
        if (order_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
        const std::uint64_t passed = std::min(lost, extent.length);
        lost -= passed;
        go_on(passed);
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(extent.length, piece_.size()));
        const auto piece = std::span(piece_).first(wanted);
        const std::size_t count = entries_.read(piece);
        if (count > 0) receiver.write(extent.offset, piece.first(count));
        go_on(count);
        if (count == wanted) continue;
        lost = entries_.skip_lost();
        if (lost == 0) throw Error(ErrorKind::Corrupt, "its content ends too early");
        if (!order_.keep_going) throw Error(ErrorKind::Corrupt, kLost);
        loss.add({.offset = stored_offset, .length = lost}, kLost);
      }
    }
  }

  EntryStream& entries_;
  const ExtractionOrder& order_;
  ObjectSink& sink_;
  ExtractionVoices voices_;
  ObjectWork work_;
  std::vector<bool> is_found_;  ///< Of the selection's paths.
  std::vector<std::byte> piece_;
};

}  // namespace

void extract_in_sequence(EntryStream& entries, const ExtractionOrder& order, ObjectSink& sink,
                         ExtractionVoices voices) {
  SequentialExtraction(entries, order, sink, voices).run();
}

}  // namespace osbackup::restore
