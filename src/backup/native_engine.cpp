#include "backup/native_engine.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <vector>

#include "backup/archive_assembler.hpp"
#include "backup/block_encoder.hpp"
#include "backup/block_planner.hpp"
#include "backup/ordered_work.hpp"
#include "core/error.hpp"

namespace osbackup::backup {
namespace {

using BlockWork = OrderedWork<Block, EncodedBlock>;

/// Blocks in flight for each thread: one that it encodes, one that waits for it, so that none is idle.
constexpr std::size_t kWindowPerThread = 2;
/// However many cores there are: a block in flight takes up to 3 MiB, and 7 where objects have large attributes.
constexpr std::size_t kWindowMax = 16;
/// Files and directories that may be open at a time.
struct OpenFiles {
  std::size_t blocks = 480;  ///< Of all blocks between the planning and the end of their encoding.
  std::size_t levels = 100;  ///< Of the directories on the scanner's way down.
};

/// What the process may open: mostly 1,024, as `ulimit -n` says. What is not here is for connections, logs, temporary
/// files, and the file that each thread reads.
OpenFiles allowed_open_files(std::size_t threads) {
  constexpr std::size_t kElsewhere = 40;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  const std::size_t spare = limit.rlim_cur - std::min<std::size_t>(limit.rlim_cur, kElsewhere + threads);
  return {.blocks = std::min(spare / 2, OpenFiles().blocks),
          .levels = std::max<std::size_t>(2, std::min(spare / 4, OpenFiles().levels))};
}

/// The threads between the directories and the archive: one plans blocks, several encode them, and the caller's puts
/// them together.
class Pipeline {
 public:
  Pipeline(const ArchivePlan& plan, LinkedObjects& linked_objects, RunObserver observer,
           archive::Compression compression)
      : plan_(plan),
        linked_objects_(linked_objects),
        warnings_(observer.warnings),
        progress_(observer.progress),
        compression_(compression),
        window_(std::min<std::size_t>(kWindowPerThread * plan.threads + 1, kWindowMax)),
        open_files_(allowed_open_files(window_)),
        work_(window_) {}

  /// Hands every block, in order, to `add`. Throws what any thread failed with, when all have ended.
  void run(const std::function<void(EncodedBlock)>& add, const std::stop_token& stop) {
    const std::stop_callback pass_on(stop, [this] {
      work_.fail(std::make_exception_ptr(Error(ErrorKind::Cancelled, "the backup was stopped")));
      stop_.request_stop();
    });
    std::vector<std::jthread> threads;
    // Whatever happens here, the others must not wait for it.
    try {
      threads.emplace_back([this] { guarded([this] { plan_blocks(); }); });
      for (std::size_t i = 0; i < std::min<std::size_t>(plan_.threads, window_); ++i)
        threads.emplace_back([this] { guarded([this] { encode_blocks(); }); });
      while (std::optional<EncodedBlock> block = work_.take()) add(std::move(*block));
    } catch (...) {
      work_.fail(std::current_exception());
      stop_.request_stop();
      throw;
    }
  }

  /// After run(): how many objects the rules left out.
  std::uint64_t excluded() const noexcept { return excluded_; }

 private:
  template <class Action>
  void guarded(Action action) {
    try {
      action();
    } catch (...) {
      work_.fail(std::current_exception());
      stop_.request_stop();
    }
  }

  void plan_blocks() {
    for (std::size_t i = 0; i < plan_.directories.size(); ++i) plan_directory(i);
    work_.close();
  }

  void plan_directory(std::size_t number) {
    std::optional<BlockPlanner> planner;
    try {
      planner.emplace(plan_.directories[number],
                      PlannerContext{.rules = plan_.rules, .warnings = warnings_, .linked_objects = linked_objects_},
                      PlannerOptions{.directory = number,
                                     .descriptors_max = open_files_.blocks / (window_ + 1),
                                     .scan = {.open_levels = open_files_.levels}});
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::NoSpace || error.kind() == ErrorKind::Cancelled) throw;
      // It was there when the run began. The others are worth a backup all the same.
      warnings_.add({.kind = WarningKind::Missing,
                     .path = plan_.directories[number],
                     .reason = std::string("left out: ") + error.what()});
      return;
    }
    while (std::optional<Block> block = planner->next()) {
      read_ahead_.prepare(*block);
      if (!work_.push(std::move(*block))) return;
    }
    excluded_ += planner->excluded();
  }

  void encode_blocks() {
    BlockEncoder encoder(compression_, {.owners = owners_,
                                        .warnings = warnings_,
                                        .progress = progress_,
                                        .read_ahead = read_ahead_,
                                        .stop = stop_.get_token()});
    while (BlockWork::Slot* slot = work_.next())
      work_.complete(slot, encoder.encode(slot->work, [&](EncodedBlock part) {
        if (!work_.emit(slot, std::move(part))) throw Error(ErrorKind::Cancelled, "the backup was stopped");
      }));
  }

  const ArchivePlan& plan_;
  LinkedObjects& linked_objects_;
  WarningLog& warnings_;
  Progress& progress_;
  const archive::Compression compression_;
  const std::size_t window_;
  const OpenFiles open_files_;
  system::OwnerNames owners_;
  ReadAhead read_ahead_;
  std::stop_source stop_;
  std::uint64_t excluded_ = 0;  ///< The planning thread's.
  BlockWork work_;
};

}  // namespace

MadeArchive NativeEngine::make(const ArchivePlan& plan, RunObserver observer, Spool& spool, std::stop_token stop) {
  observer.progress.stage = Stage::Archiving;
  LinkedObjects linked_objects(plan.run_directory);
  ArchiveAssembler assembler(plan, linked_objects, spool);
  // The archive carries its warnings itself.
  for (const Warning& warning : plan.warnings) assembler.add_warning(warning);
  WarningLog warnings([&](const Warning& warning) {
    observer.warnings.add(warning);
    assembler.add_warning(warning);
  });
  Pipeline pipeline(plan, linked_objects, {.progress = observer.progress, .warnings = warnings}, compression_);
  pipeline.run([&](EncodedBlock block) { assembler.add(std::move(block)); }, stop);
  MadeArchive made = assembler.finish();
  made.excluded = pipeline.excluded();
  return made;
}

}  // namespace osbackup::backup
