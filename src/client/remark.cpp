#include "client/remark.hpp"

#include "client/shown_path.hpp"
#include "core/encoding.hpp"

namespace osbackup::client {
namespace {

const char* name_of(backup::WarningKind kind) {
  switch (kind) {
    case backup::WarningKind::Note:
      return "note";
    case backup::WarningKind::Changed:
      return "changed";
    case backup::WarningKind::Trouble:
      return "trouble";
    case backup::WarningKind::Missing:
      return "missing";
  }
  return "";
}

const char* name_of(restore::Trouble::Kind kind) {
  switch (kind) {
    case restore::Trouble::Kind::Damaged:
      return "damaged";
    case restore::Trouble::Kind::Refused:
      return "refused";
    case restore::Trouble::Kind::Failed:
      return "failed";
    case restore::Trouble::Kind::Note:
      return "note";
  }
  return "";
}

}  // namespace

Remark to_remark(const backup::Warning& warning) {
  const bool is_note = warning.kind == backup::WarningKind::Note;
  return {.kind = name_of(warning.kind),
          .path = warning.path,
          .reason = warning.reason,
          .shown_from = is_note ? Verbosity::Verbose : Verbosity::Normal};
}

Remark to_remark(const restore::Trouble& trouble) {
  const bool is_note = trouble.kind == restore::Trouble::Kind::Note;
  return {.kind = name_of(trouble.kind),
          .path = trouble.path.empty() ? "" : path_from_root(trouble.path),
          .reason = trouble.reason,
          .shown_from = is_note ? Verbosity::Normal : Verbosity::Quiet};
}

std::string shown_message(std::string_view text) {
  constexpr std::size_t kBytesMax = 16U << 10U;
  return printable(text, kBytesMax);
}

std::string to_line(const Remark& remark) {
  const std::string reason = shown_message(one_line(remark.reason));
  return remark.path.empty() ? reason : shown_path(remark.path) + ": " + reason;
}

}  // namespace osbackup::client
