#pragma once

#include <optional>

#include "restore/object_sink.hpp"
#include "restore/sink_counts.hpp"
#include "restore/sink_options.hpp"
#include "restore/target_look.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// Tells what DiskSink would do, and does nothing: it looks at the target as it is, and wants no object at all. What
/// would be refused, or fail, is in the log, as far as it shows beforehand.
class DrySink final : public ObjectSink {
 public:
  /// Usage when the target is a file. It need not be there.
  DrySink(const SinkOptions& options, TroubleLog& log);

  bool wants(const archive::Entry& entry) override;
  std::unique_ptr<Receiver> receive(const archive::Entry& entry) override;

  /// Thread-safe.
  SinkCounts counts() const { return counter_.counts(); }

 private:
  DoneObject judge(const archive::Entry& entry);
  Sight look(const archive::Entry& entry);
  Sight look_at_linked(const archive::Entry& entry);

  SinkOptions options_;
  TroubleLog& log_;
  std::optional<system::Beneath> target_;
  std::optional<TargetLook> look_;
  std::optional<TargetLook> look_at_linked_;  ///< At what hard links link to, which lies elsewhere.
  SinkCounter counter_;
};

}  // namespace osbackup::restore
