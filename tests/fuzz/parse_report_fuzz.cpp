#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.hpp"
#include "report/backup_report.hpp"

// A body of POST /backupinfo is refused with Usage, or read into a report that survives the way to JSON and back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const std::string_view type : {"application/json", "application/x-www-form-urlencoded"}) {
    try {
      const report::BackupReport report = report::parse_report(type, body);
      if (report::parse_report("application/json", json::serialize(report::to_json(report))) != report) std::abort();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Usage) std::abort();
    }
  }
  return 0;
}
