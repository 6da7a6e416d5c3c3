#pragma once

#include <memory>
#include <string>

#include "restore/object_sink.hpp"
#include "restore/receiver_parts.hpp"
#include "restore/sink_counts.hpp"
#include "restore/sink_options.hpp"
#include "restore/target_look.hpp"
#include "restore/target_root.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// Writes objects into a directory, and never outside it: paths are gone along from the open target on, no link is
/// followed, whoever changes the tree meanwhile. What is there already is replaced in one step, as the options say.
///
/// Directories that lie on the way and are missing are made for their owner alone. What cannot be set of an object is
/// counted in the log; that of directories, also what fails in the end.
class DiskSink final : public ObjectSink {
 public:
  /// Opens the target, or makes it. Usage when it is a file; Denied and so on when it cannot be written to.
  DiskSink(const SinkOptions& options, TroubleLog& log);

  bool wants(const archive::Entry& entry) override;
  std::unique_ptr<Receiver> receive(const archive::Entry& entry) override;

  /// When all receivers are destroyed: what had to wait for the last of them is done. Nothing is received after it.
  void finish();

  /// Thread-safe.
  SinkCounts counts() const { return counter_.counts(); }

 private:
  SinkOptions options_;
  TroubleLog& log_;
  TargetRoot root_;
  TargetLook look_;
  Replacements replacements_;
  DeferredMetadata deferred_;
  MetadataWriter metadata_;
  TargetTree tree_;
  SinkCounter counter_;
  ReceiverParts parts_;
  std::string path_before_;  ///< Of the entry that was received last.
  bool in_order_ = true;     ///< Each path so far came behind the one before.
};

}  // namespace osbackup::restore
