#include "client/reading_run.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/byte_count.hpp"
#include "core/counted.hpp"
#include "system/system_error.hpp"

namespace osbackup::client {
namespace {

/// Whether the terminal is this program's to draw on while standard output is written: behind a pipe a pager may, and
/// content may be made for terminals.
bool is_terminal_free(ReadingRun::Output output) {
  if (output == ReadingRun::Output::Messages) return true;
  if (output == ReadingRun::Output::Listing && isatty(STDOUT_FILENO) == 1) return true;
  struct stat status {};
  return fstat(STDOUT_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

ConsoleOptions options_for(const CommonOptions& options, ReadingRun::Output output) {
  ConsoleOptions console = console_options(options.json, options.verbosity);
  console.terminal = console.terminal && is_terminal_free(output);
  console.output_is_content = output == ReadingRun::Output::Content;
  return console;
}

}  // namespace

ReadingRun::ReadingRun(const CommonOptions& options, Output output)
    : console_(options_for(options, output)),
      signals_([this] { console_.status(view_, elapsed()); }),
      output_(signals_.stop_token()) {
  outcome_.stage = RunStage::Opening;
}

std::chrono::milliseconds ReadingRun::elapsed() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_);
}

void ReadingRun::throw_if_stopped() const {
  if (stop().stop_requested()) throw Error(ErrorKind::Cancelled, "stopped");
}

void ReadingRun::summarise(json::Object object, std::string text) {
  summary_ = std::move(object);
  summary_text_ = std::move(text);
}

void ReadingRun::add_trouble(const restore::Trouble& trouble) {
  if (trouble.kind == restore::Trouble::Kind::Damaged) outcome_.damaged = true;
  if (trouble.kind != restore::Trouble::Kind::Note) outcome_.incomplete = true;
  console_.warning(to_remark(trouble));
}

void ReadingRun::add_unread(const Error& error) {
  progress_.troubles += 1;
  add_trouble({.kind = restore::Trouble::Kind::Failed, .path = "", .reason = error.what()});
}

void ReadingRun::attempt(const std::function<void()>& work) {
  try {
    work();
    progress_.stage = restore::RestoreProgress::Stage::Done;
    console_.finish_results(output_);
  } catch (const Error& error) {
    fail(error);
  } catch (const std::exception& bug) {
    fail(Error(ErrorKind::Internal, std::string("internal error: ") + bug.what()));
  }
}

void ReadingRun::fail(const Error& error) {
  outcome_.failure = error.kind();
  outcome_.signal = signals_.received();
  if (output_.is_closed()) {
    // As every program that writes into a pipe which nobody reads.
    outcome_.signal = SIGPIPE;
    return;
  }
  // What was found before is a result all the same.
  try {
    console_.finish_results(output_);
  } catch (const Error&) {
  }
  console_.error(error.what());
}

int ReadingRun::finish(const storage::Traffic& traffic) {
  const int code = exit_code(outcome_);
  std::string fetched =
      fmt::format("fetched {} in {}", human_bytes(traffic.bytes_read), counted(traffic.reads, "range read"));
  if (traffic.logins > 0) fetched += ", " + counted(traffic.logins, "login");
  console_.detail(fetched);
  if (output_.is_closed() || (!console_.options().json && summary_text_.empty())) return code;
  json::Object summary{{"message_type", "summary"}};
  summary.insert(summary_.begin(), summary_.end());
  summary["bytes_fetched"] = traffic.bytes_read;
  summary["range_reads"] = traffic.reads;
  summary["logins"] = traffic.logins;
  summary["exit_code"] = code;
  console_.summary(std::move(summary), summary_text_);
  const int problem = console_.output_problem();
  return problem == 0 ? code : code_of_unheard(problem, code);
}

/// What was done was not told: that is the end of a command that had no worse one.
int ReadingRun::code_of_unheard(int problem, int code) {
  if (problem == EPIPE) {
    if (outcome_.signal == 0) outcome_.signal = SIGPIPE;
    return exit_code(outcome_);
  }
  if (code != 0) return code;
  const Error error = system::system_error("write to standard output", problem);
  console_.error(error.what());
  outcome_.failure = error.kind();
  return exit_code(outcome_);
}

}  // namespace osbackup::client
