#include "backup/work_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/encoding.hpp"
#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::backup {
namespace {

constexpr std::string_view kPrefix = "run-";
constexpr std::size_t kDigits = 8;

bool is_run_name(std::string_view name) {
  return name.size() == kPrefix.size() + kDigits && name.starts_with(kPrefix) &&
         name.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

}  // namespace

WorkDirectory::WorkDirectory(const std::filesystem::path& path) : directory_(system::PrivateDirectory::open(path)) {}

WorkDirectory::~WorkDirectory() {
  if (!run_name_.empty()) system::remove_tree(directory_.descriptor(), run_name_);
}

std::vector<std::filesystem::path> WorkDirectory::leftovers() const {
  std::vector<std::filesystem::path> found;
  for (const std::string& name : system::list_directory(path())) {
    struct stat status {};
    const bool is_ours = is_run_name(name) && lstat((path() / name).c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                         status.st_uid == geteuid() && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
    if (is_ours) found.push_back(path() / name);
  }
  return found;
}

void WorkDirectory::remove_leftover(const std::filesystem::path& leftover) noexcept {
  system::remove_tree(directory_.descriptor(), leftover.filename().native());
}

std::filesystem::path WorkDirectory::begin_run(const std::string& run_id) {
  const std::string name = std::string(kPrefix) + run_id.substr(0, kDigits);
  if (mkdirat(directory_.descriptor().get(), name.c_str(), 0700) != 0)
    throw system::system_error("make directory " + printable((path() / name).native()));
  run_name_ = name;
  return path() / name;
}

}  // namespace osbackup::backup
