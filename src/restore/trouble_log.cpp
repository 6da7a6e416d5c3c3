#include "restore/trouble_log.hpp"

#include "core/encoding.hpp"

namespace osbackup::restore {
namespace {

const std::string kOther = "other things";

}  // namespace

std::string to_line(const Trouble& trouble) {
  const std::string reason = printable(one_line(trouble.reason));
  return trouble.path.empty() ? reason : printable(trouble.path) + ": " + reason;
}

void TroubleLog::add(const Trouble& trouble) {
  const std::scoped_lock lock(mutex_);
  switch (trouble.kind) {
    case Trouble::Kind::Damaged:
      ++counts_.damaged;
      break;
    case Trouble::Kind::Refused:
      ++counts_.refused;
      break;
    case Trouble::Kind::Failed:
      ++counts_.failed;
      break;
    case Trouble::Kind::Note:
      ++counts_.notes;
      break;
  }
  sink_(trouble);
}

void TroubleLog::add_not_set(const std::string& what, const std::string& path, const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  const bool is_new = !counts_.not_set.contains(what);
  if (is_new && counts_.not_set.size() >= kNotSetMax) {
    ++counts_.not_set[kOther];
    return;
  }
  if (++counts_.not_set[what] > 1) return;
  sink_({.kind = Trouble::Kind::Note,
         .path = path,
         .reason = "the " + what + " cannot be set: " + reason + " (said once; the rest is counted)"});
}

TroubleLog::Counts TroubleLog::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

}  // namespace osbackup::restore
