#include "backup/warning_log.hpp"

#include "core/encoding.hpp"

namespace osbackup::backup {

std::string to_line(const Warning& warning) {
  if (warning.path.empty()) return printable(warning.reason);
  return printable(warning.path) + ": " + printable(warning.reason);
}

void WarningLog::add(const Warning& warning) {
  const std::scoped_lock lock(mutex_);
  switch (warning.kind) {
    case WarningKind::Note:
      ++counts_.notes;
      break;
    case WarningKind::Changed:
      ++counts_.changed;
      break;
    case WarningKind::Trouble:
      ++counts_.troubles;
      break;
    case WarningKind::Missing:
      ++counts_.missing;
      break;
  }
  std::vector<Warning>& kept = warning.kind == WarningKind::Missing ? missing_ : others_;
  if (kept.size() < kKept) kept.push_back(warning);
  sink_(warning);
}

WarningLog::Counts WarningLog::counts() const {
  const std::scoped_lock lock(mutex_);
  return counts_;
}

std::vector<Warning> WarningLog::first() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Warning> all = missing_;
  for (const Warning& warning : others_)
    if (all.size() < kKept) all.push_back(warning);
  return all;
}

}  // namespace osbackup::backup
