#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive/entry_source.hpp"

namespace osbackup::test {

/// Entries at hand.
class ListedEntries final : public archive::EntrySource {
 public:
  explicit ListedEntries(std::vector<archive::IndexEntry> entries) : entries_(std::move(entries)) {}

  std::optional<archive::IndexEntry> next() override {
    return next_ < entries_.size() ? std::optional(entries_[next_++]) : std::nullopt;
  }

 private:
  std::vector<archive::IndexEntry> entries_;
  std::size_t next_ = 0;
};

/// A file with what an index says of it.
inline archive::IndexEntry file_entry(const std::string& path, const std::string& content = "") {
  archive::IndexEntry entry;
  entry.entry.path = path;
  entry.entry.mode = 0644;
  entry.entry.size = content.size();
  entry.entry.mtime = {.tv_sec = 1'700'000'000, .tv_nsec = 5};
  entry.digest = crypto::sha256(std::as_bytes(std::span(content)));
  return entry;
}

/// A directory, FIFO or the like.
inline archive::IndexEntry entry_of(const std::string& path, archive::EntryType type) {
  archive::IndexEntry entry = file_entry(path);
  entry.entry.type = type;
  entry.digest.reset();
  return entry;
}

/// A symbolic link; or a hard link to a file with this content.
inline archive::IndexEntry symlink_entry(const std::string& path, const std::string& target) {
  archive::IndexEntry entry = entry_of(path, archive::EntryType::Symlink);
  entry.entry.target = target;
  return entry;
}
inline archive::IndexEntry hard_link_entry(const std::string& path, const std::string& target,
                                           const std::string& content) {
  archive::IndexEntry entry = file_entry(path, content);
  entry.entry.type = archive::EntryType::Hardlink;
  entry.entry.target = target;
  return entry;
}

}  // namespace osbackup::test
