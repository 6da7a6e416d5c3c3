#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/index_writer.hpp"
#include "archive/manifest.hpp"
#include "archive/zip_writer.hpp"
#include "backup/block_encoder.hpp"
#include "backup/engine.hpp"
#include "backup/linked_objects.hpp"
#include "backup/scratch_file.hpp"
#include "core/byte_sink.hpp"

namespace osbackup::backup {

/// Puts encoded blocks, which come in order, together to an archive: the zip with its data entries, and behind them
/// index, list of blocks, warnings, RESTORE.txt and manifest (docs/format.md, "Entries of the zip"). One thread at a
/// time, but for add_warning.
class ArchiveAssembler {
 public:
  /// Writes to `archive`. What must wait for the end lies in unnamed files in the plan's run directory. The digests of
  /// `linked_objects` are set, and read where other names repeat them. Usage when there are more directories than a
  /// manifest has room for.
  ArchiveAssembler(const ArchivePlan& plan, LinkedObjects& linked_objects, ByteSink& archive);

  void add(EncodedBlock block);

  /// Called for one warning at a time, from any thread, until finish().
  void add_warning(const Warning& warning);

  /// Writes what stands behind the data. NotFound when there was no directory to archive.
  MadeArchive finish();

 private:
  /// A file that goes on in the next block.
  struct Continued {
    EncodedObject object;
    archive::Placement placement;
  };

  void begin_directory(std::size_t number);
  void end_directory();
  archive::Placement placement_of(const EncodedObject& object, const MemberRun& members) const;
  void add_to_index(EncodedObject& object, const archive::Placement& placement);
  void count(const EncodedObject& object);
  std::uint64_t append_entry(std::string_view name, ScratchFile& content);
  void append_text(std::string_view name, const std::string& text);

  const ArchivePlan& plan_;
  LinkedObjects& linked_objects_;
  archive::ZipWriter zip_;
  ScratchFile index_file_;
  ScratchFile blocks_file_;
  ScratchFile warnings_file_;
  archive::IndexWriter index_;
  archive::JsonLinesWriter warnings_;
  archive::Manifest manifest_;
  std::optional<std::size_t> directory_;  ///< Number, in the plan, of the directory that is written.
  std::uint64_t entry_bytes_ = 0;         ///< Of its `.tar.gz` so far.
  std::optional<Continued> continued_;
};

}  // namespace osbackup::backup
