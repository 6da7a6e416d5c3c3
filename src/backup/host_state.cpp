#include "backup/host_state.hpp"

#include <algorithm>

#include "core/json.hpp"
#include "system/file.hpp"

namespace osbackup::backup {
namespace {

constexpr std::uint64_t kBytesMax = 1U << 20U;
/// A destination that fails every week must not make the list grow for ever.
constexpr std::size_t kTemporaryNamesMax = 100;

}  // namespace

HostState::HostState(const std::filesystem::path& directory) : file_(directory / "state.json") {
  if (!system::exists(file_)) return;
  try {
    read(system::read_file(file_, kBytesMax));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    set_aside_ = file_;
    *set_aside_ += ".unreadable";
    system::rename_file(file_, *set_aside_);
    temporary_names_.clear();
    last_archive_bytes_ = 0;
  }
}

void HostState::read(const std::string& text) {
  const json::Value value = json::parse(text);
  const auto fail = [] { throw Error(ErrorKind::Corrupt, "the state file has another form than expected"); };
  if (!value.is_object()) fail();
  const json::Object& object = value.get_object();
  if (const json::Value* names = object.if_contains("temporary_names")) {
    if (!names->is_array()) fail();
    for (const json::Value& name : names->get_array()) {
      if (!name.is_string()) fail();
      temporary_names_.emplace_back(name.get_string());
    }
  }
  if (const json::Value* bytes = object.if_contains("last_archive_bytes")) {
    if (!bytes->is_int64() || bytes->get_int64() < 0) fail();
    last_archive_bytes_ = static_cast<std::uint64_t>(bytes->get_int64());
  }
  if (const json::Value* directories = object.if_contains("last_directories")) {
    if (!directories->is_string()) fail();
    last_directories_ = directories->get_string();
  }
}

void HostState::remember_temporary_name(const std::string& name) {
  forget_temporary_name(name);
  temporary_names_.push_back(name);
  if (temporary_names_.size() > kTemporaryNamesMax) temporary_names_.erase(temporary_names_.begin());
  save();
}

void HostState::forget_temporary_name(const std::string& name) {
  if (std::erase(temporary_names_, name) > 0) save();
}

void HostState::set_last_archive(const std::string& directories, std::uint64_t bytes) {
  last_directories_ = directories;
  last_archive_bytes_ = bytes;
  save();
}

void HostState::save() const {
  json::Array names;
  for (const std::string& name : temporary_names_) names.emplace_back(name);
  const json::Object object{{"temporary_names", std::move(names)},
                            {"last_directories", last_directories_},
                            {"last_archive_bytes", static_cast<std::int64_t>(last_archive_bytes_)}};
  system::write_file_durably(file_, json::serialize(object) + "\n");
}

}  // namespace osbackup::backup
