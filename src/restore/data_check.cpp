#include "restore/data_check.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <deque>
#include <utility>
#include <vector>

#include "archive/zip_entry_stream.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/data_sample.hpp"
#include "restore/index_stretches.hpp"
#include "restore/job_queue.hpp"
#include "restore/lines_ahead.hpp"
#include "restore/lost_paths.hpp"
#include "restore/salvaged_entries.hpp"
#include "restore/sequential_entries.hpp"
#include "restore/stretch_check.hpp"

namespace osbackup::restore {
namespace {

/// Members that wait to be inflated, besides one for each thread.
constexpr std::size_t kMembersAhead = 8;
constexpr std::uint64_t kStretchBytes = 8U << 20U;

const std::string kHarmless = "`restore --keep-going` restores all of it";
const std::string kNotNamed = "what is not named can be restored";
const std::string kMeaning = "it cannot be restored as it was; what is not named can";

class IndexedDataCheck {
 public:
  IndexedDataCheck(archive::ArchiveReader& archive, const DataCheckOrder& order, const CheckContext& context)
      : archive_(archive),
        context_(context),
        bytes_(archive.bytes()),
        found_(directories().size()),
        sample_(sample_of(directories(), order)),
        stretches_(archive, sample_ ? sample_->stretch_bytes() : kStretchBytes),
        jobs_(order.threads, order.threads + kMembersAhead) {
    for (const archive::ManifestDirectory& directory : directories())
      context_.progress.bytes_total += sample_ ? 0 : directory.place.length;
    if (sample_) context_.progress.bytes_total = sample_->wanted();
  }

  void run() {
    for (std::size_t number = 0; number < directories().size(); ++number) check_directory(number);
    jobs_.finish();
    name_links_to_lost();
    // Where something was found, these are its consequences.
    for (const auto& [number, problem] : wholes_)
      if (found_[number] == 0)
        context_.findings.add({.entry = directories()[number].entry,
                               .path = {},
                               .problem = problem,
                               .meaning = "all that is in it can be restored; other programs may refuse it"});
  }

 private:
  static std::optional<DataSample> sample_of(const std::vector<archive::ManifestDirectory>& directories,
                                             const DataCheckOrder& order) {
    if (!order.share) return std::nullopt;
    std::uint64_t bytes = 0;
    for (const archive::ManifestDirectory& directory : directories) bytes += directory.place.length;
    return DataSample(bytes, *order.share, order.seed);
  }

  const std::vector<archive::ManifestDirectory>& directories() const { return archive_.manifest()->directories; }

  void check_directory(std::size_t number) {
    const archive::ManifestDirectory& directory = directories()[number];
    const DataReport& report =
        reports_.emplace_back([this, number](const auto& path, const auto& problem, bool is_harmless) {
          if (!path.empty()) lost_.add(path);
          find(number, path, problem, is_harmless);
        });
    DirectoryBytes bytes(bytes_, directory.place, context_);
    StretchCheck check(bytes, jobs_, report);
    while (std::optional<Stretch> stretch = stretches_.next(number)) {
      if (sample_ && !sample_->choose(stretch->end - stretch->begin)) continue;
      bytes.jump_to(stretch->begin);
      check.run(std::move(*stretch));
    }
    if (sample_) return;
    const archive::ZipEntry* entry = archive_.zip().find(directory.entry);
    if (entry == nullptr || entry->crc != bytes.crc()) wholes_.emplace_back(number, "its CRC does not match");
    if (check.content_bytes() != directory.tar_bytes)
      wholes_.emplace_back(number, fmt::format("its tar has {} bytes, and the manifest says {}", check.content_bytes(),
                                               directory.tar_bytes));
  }

  void find(std::size_t directory, const std::string& path, const std::string& problem, bool is_harmless) {
    ++found_[directory];
    context_.findings.add({.entry = directories()[directory].entry,
                           .path = path,
                           .problem = problem,
                           .meaning = is_harmless    ? kHarmless
                                      : path.empty() ? kNotNamed
                                                     : kMeaning});
  }

  /// Which are whole themselves, wherever they lie.
  void name_links_to_lost() {
    if (lost_.is_empty()) return;
    LinesAhead lines(archive_, {"."});
    while (true) {
      throw_if_stopped(context_);
      try {
        const std::optional<LinesAhead::Line> line = lines.next();
        if (!line) return;
        const archive::Entry& entry = line->entry.entry;
        if (entry.type == archive::EntryType::Hardlink && lost_.has(entry.target) && !lost_.has(entry.path))
          find(static_cast<std::size_t>(line->entry.placement.directory), entry.path,
               "what it is a hard link to, /" + printable(entry.target) + ", is damaged", false);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Corrupt) throw;  // The block was found with the structure.
      }
    }
  }

  archive::ArchiveReader& archive_;
  const CheckContext& context_;
  std::shared_ptr<const RangeReader> bytes_;
  LostPaths lost_;
  std::vector<std::atomic<std::uint64_t>> found_;            ///< In each directory.
  std::vector<std::pair<std::size_t, std::string>> wholes_;  ///< What is wrong with a directory as a whole.
  std::optional<DataSample> sample_;
  IndexStretches stretches_;
  std::deque<DataReport> reports_;
  JobQueue jobs_;
};

/// Goes over the content of all entries.
template <class Entries>
void read_all(Entries& entries, const CheckContext& context) {
  std::vector<std::byte> piece(1U << 20U);
  while (entries.next()) {
    ++context.progress.objects;
    while (const std::size_t found = entries.read(piece)) {
      throw_if_stopped(context);
      context.progress.bytes += found;
    }
  }
}

/// An archive that never had an index.
class SequentialDataCheck {
 public:
  SequentialDataCheck(const archive::ArchiveReader& archive, const CheckContext& context)
      : archive_(archive), context_(context) {}

  void run() {
    read_tars();
    for (const archive::ZipEntry& entry : archive_.zip().entries())
      if (!is_tar_name(entry.name) && !entry.name.ends_with('/')) read_entry(entry);
  }

 private:
  void read_tars() {
    SequentialEntries entries(archive_, {.paths = {}, .ids = {}, .on_trouble = [&](const Trouble& trouble) {
                                           if (trouble.kind != Trouble::Kind::Note)
                                             return report({}, trouble.path, trouble.reason);
                                           if (context_.on_note) context_.on_note(trouble.reason);
                                         }});
    for (bool is_at_end = false; !is_at_end;) {
      try {
        read_all(entries, context_);
        is_at_end = true;
      } catch (const Error& error) {
        // The next call goes on with the next tar.
        if (!is_about_archive(error.kind())) throw;
        report(entries.tar_name(), {}, error.what());
      }
    }
  }

  void read_entry(const archive::ZipEntry& entry) {
    try {
      const std::shared_ptr<const RangeReader> bytes = archive_.bytes();
      archive::ZipEntryStream content(archive_.zip(), *bytes, entry);
      std::vector<std::byte> piece(1U << 20U);
      while (const std::size_t found = content.read(piece)) {
        throw_if_stopped(context_);
        context_.progress.bytes += found;
      }
      content.check();
    } catch (const Error& error) {
      if (!is_about_archive(error.kind())) throw;
      report(entry.name, {}, error.what());
    }
  }

  static bool is_about_archive(ErrorKind kind) { return kind == ErrorKind::Corrupt || kind == ErrorKind::Usage; }

  void report(const std::string& entry, const std::string& path, std::string problem) {
    const std::string prefix = printable(entry) + ": ";
    if (!entry.empty() && problem.starts_with(prefix)) problem.erase(0, prefix.size());
    context_.findings.add({.entry = entry,
                           .path = path,
                           .problem = std::move(problem),
                           .meaning = "the tars that are not named can be restored"});
  }

  const archive::ArchiveReader& archive_;
  const CheckContext& context_;
};

/// An archive that cannot be gone through by its index.
void search(const std::shared_ptr<const RangeReader>& object, const CheckContext& context) {
  SalvagedEntries entries(
      object,
      [&](const SalvageLoss& loss) {
        context.findings.add({.entry = loss.tar,
                              .path = {},
                              .problem = to_text(loss),
                              .meaning = "`restore --keep-going` gets out what lies around it"});
      },
      context.stop);
  while (entries.next()) {
    ++context.progress.objects;
    while (const auto content = entries.next_content()) context.progress.bytes += content->bytes.size();
  }
}

/// Whether the index can be gone by, but for damaged blocks.
bool has_index(OpenedArchive& opened) {
  if (!opened.reader || !opened.reader->manifest()) return false;
  try {
    opened.reader->list(".");
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    return false;
  }
}

}  // namespace

CheckedData check_data(const std::shared_ptr<const RangeReader>& object, OpenedArchive& opened,
                       const DataCheckOrder& order, const CheckContext& context) {
  context.progress.stage = RestoreProgress::Stage::Reading;
  context.progress.bytes = 0;
  context.progress.bytes_total = 0;
  const bool is_compared = has_index(opened);
  if (is_compared) {
    IndexedDataCheck(*opened.reader, order, context).run();
  } else if (opened.reader && !opened.reader->manifest()) {
    SequentialDataCheck(*opened.reader, context).run();
  } else {
    search(object, context);
  }
  return {.bytes = context.progress.bytes, .is_compared = is_compared};
}

}  // namespace osbackup::restore
