#include "restore/finding.hpp"

#include "core/encoding.hpp"

namespace osbackup::restore {

Trouble to_trouble(const Finding& finding) {
  const std::string place = finding.entry.empty() ? "" : printable(finding.entry) + ": ";
  return {.kind = Trouble::Kind::Damaged,
          .path = finding.path,
          .reason = place + finding.problem + (finding.meaning.empty() ? "" : "; " + finding.meaning)};
}

void FindingLog::add(const Finding& finding) {
  const std::scoped_lock lock(mutex_);
  ++count_;
  sink_(finding);
}

std::uint64_t FindingLog::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

}  // namespace osbackup::restore
