#include "client/dump_command.hpp"

#include "client/archive_session.hpp"
#include "client/progress_display.hpp"
#include "restore/dump.hpp"

namespace osbackup::client {

int dump_command(const CommonOptions& common, const DumpOptions& options) {
  const ReadingOrder order{.common = common, .host = options.host, .output = ReadingRun::Output::Content};
  return run_on_archives(order, [&](ArchiveSession& archives, ReadingRun& run) {
    const auto archive = archives.open(archives.find(options.snapshot));
    run.set_stage(RunStage::Reading);
    run.progress().stage = restore::RestoreProgress::Stage::Reading;
    const ProgressDisplay display(run.console(), run.view());
    try {
      restore::dump(*archive, {.path = options.path, .stop = run.stop()}, run.output(), run.progress());
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt || run.progress().bytes == 0) throw;
      throw Error(ErrorKind::Corrupt, std::string(error.what()) + "; what was written is not to be trusted");
    }
    run.summarise({{"bytes", run.progress().bytes.load()}}, "");
  });
}

}  // namespace osbackup::client
