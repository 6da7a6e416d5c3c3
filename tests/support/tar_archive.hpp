#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/archive_name.hpp"
#include "archive/crc32.hpp"
#include "archive/gzip_member.hpp"
#include "archive/index_writer.hpp"
#include "archive/manifest.hpp"
#include "archive/tar_writer.hpp"
#include "archive/zip_writer.hpp"
#include "core/time_format.hpp"
#include "support/made_archive.hpp"

namespace osbackup::test {

/// Makes whole archives, each entry of which is as docs/format.md says; so small, if wanted, that a test can damage
/// every byte in turn.
class TarArchive {
 public:
  struct Object {
    archive::Entry entry;
    std::string content = {};  ///< Of a file, with its holes.
  };
  struct Member {
    std::uint64_t offset = 0;  ///< In the archive.
    std::uint64_t length = 0;
    std::uint64_t content_bytes = 0;
    std::vector<std::string> paths = {};  ///< Of the entries that have records in it.
  };
  struct Built {
    std::vector<std::byte> bytes;
    archive::Manifest manifest;
    std::vector<Member> members;  ///< Of the directories.
  };

  /// By the configured path: `/etc` with `etc`, `etc/a` and so on, in order.
  std::map<std::string, std::vector<Object>> directories;
  std::vector<std::pair<std::string, std::string>> warnings = {{"etc/x", "Permission denied"}};
  /// What a member holds at most, 1 MiB in the format: what is larger goes on in members of its own.
  std::size_t member_bytes = archive::kMemberContentMax;
  bool is_stored = false;  ///< Content lies in the members as it is, as content that does not shrink may.

  std::function<void(archive::Manifest&)> change_manifest = [](auto&) {};
  /// A line of the index, before it is written.
  std::function<void(archive::Entry&, archive::Placement&)> change_line = [](auto&, auto&) {};
  std::function<bool(const std::string& path)> is_listed = [](const auto&) { return true; };  ///< Whether it has one.
  /// The content that a line has the digest of.
  std::function<void(const std::string& path, std::string&)> change_content = [](const auto&, auto&) {};
  bool has_end = true;  ///< Whether the tars end with two zero records.

  static Object file(const std::string& path, std::string content) {
    Object object = named(path, archive::EntryType::File);
    object.entry.size = content.size();
    object.content = std::move(content);
    return object;
  }
  static Object directory(const std::string& path) { return named(path, archive::EntryType::Directory); }
  static Object symlink(const std::string& path, const std::string& target) {
    Object object = named(path, archive::EntryType::Symlink);
    object.entry.target = target;
    return object;
  }
  static Object hard_link(const std::string& path, const Object& target) {
    Object object = named(path, archive::EntryType::Hardlink);
    object.entry.target = target.entry.path;
    object.entry.size = target.entry.size;
    object.content = target.content;
    return object;
  }

  Built build() const {
    Built built;
    SparseBytes bytes;
    archive::ZipWriter zip(bytes, *parse_rfc3339("2026-11-23T09:30:00Z"));
    SparseBytes index_bytes;
    SparseBytes blocks_bytes;
    archive::IndexWriter index(index_bytes, blocks_bytes);
    built.manifest = manifest_without_places();
    for (const auto& [path, objects] : directories) {
      archive::ManifestDirectory& directory = built.manifest.directories.emplace_back();
      directory.path = path;
      directory.entry = archive::entry_name(path);
      zip.begin_entry(directory.entry);
      TarCutter tar(zip, *this, built.manifest.directories.size() - 1);
      for (const Object& object : objects) tar.add(object);
      tar.finish(has_end);
      directory.place = zip.end_entry();
      for (std::size_t i = 0; i < objects.size(); ++i) {
        add_line(objects[i], tar.places[i], index);
        count(objects[i], directory);
      }
      for (Member& member : tar.members) {
        directory.tar_bytes += member.content_bytes;
        member.offset += directory.place.offset;
        built.members.push_back(std::move(member));
      }
    }
    index.finish();
    SparseBytes warnings_bytes;
    archive::JsonLinesWriter lines(warnings_bytes);
    for (const auto& [path, reason] : warnings) lines.add(archive::warning_line(path, reason));
    lines.finish();
    archive::Manifest& manifest = built.manifest;
    manifest.index = {.offset = add_entry(zip, archive::kIndexEntry, index_bytes.all()), .summary = index.index()};
    manifest.blocks = {.offset = add_entry(zip, archive::kBlocksEntry, blocks_bytes.all()), .summary = index.blocks()};
    manifest.warnings = {.offset = add_entry(zip, archive::kWarningsEntry, warnings_bytes.all()),
                         .summary = lines.summary()};
    change_manifest(manifest);
    add_entry(zip, archive::kRestoreTextEntry, bytes_of("Ask somebody who knows.\n"));
    add_entry(zip, archive::kManifestEntry, bytes_of(archive::to_json_text(manifest)));
    zip.finish();
    built.bytes = bytes.all();
    return built;
  }

 private:
  /// Cuts the tar of one directory into members.
  class TarCutter {
   public:
    TarCutter(archive::ZipWriter& zip, const TarArchive& made, std::uint64_t number)
        : zip_(zip), member_bytes_(made.member_bytes), is_stored_(made.is_stored), directory_(number) {}

    void add(const Object& object) {
      const auto [records, headers] = records_of(object);
      if (!raw_.empty() && raw_.size() + records.size() > member_bytes_) end_member();
      places.push_back({.directory = directory_, .member = end_, .skip = raw_.size(), .span = 0});
      raw_.insert(raw_.end(), records.begin(), records.end());
      paths_.push_back(object.entry.path);
      if (raw_.size() <= member_bytes_) return;
      cut(std::max(headers, member_bytes_));
      while (!raw_.empty()) cut(std::min(raw_.size(), member_bytes_));
      end_member();
    }
    void finish(bool with_end) {
      if (with_end) archive::TarWriter(raw_).append_end();
      end_member();
    }

    std::vector<archive::Placement> places;  ///< Of all objects.
    std::vector<Member> members;

   private:
    void end_member() {
      if (!raw_.empty()) cut(raw_.size());
      for (; placed_ < places.size(); ++placed_) places[placed_].span = end_ - places[placed_].member;
      paths_.clear();
    }
    void cut(std::size_t bytes) {
      const auto content = std::span<const std::byte>(raw_).first(bytes);
      const auto member = is_stored_ ? store(content) : encoder_.encode(content, buffer_);
      zip_.write(member);
      members.push_back({.offset = end_, .length = member.size(), .content_bytes = bytes, .paths = paths_});
      end_ += member.size();
      raw_.erase(raw_.begin(), raw_.begin() + static_cast<std::ptrdiff_t>(bytes));
    }

    /// A member of stored blocks (RFC 1951, section 3.2.4).
    std::span<const std::byte> store(std::span<const std::byte> content) {
      constexpr std::size_t kBlockBytesMax = 65'535;
      buffer_.clear();
      for (const std::uint8_t byte : archive::kMemberHeaderStart) put(byte, 1);
      const std::size_t blocks = content.size() / kBlockBytesMax + 1;
      put(archive::kMemberHeaderBytes + content.size() + 5 * blocks + archive::kMemberTrailerBytes, 8);
      for (std::size_t block = 0; block < blocks; ++block) {
        const auto bytes = content.subspan(block * kBlockBytesMax);
        const auto piece = bytes.first(std::min(bytes.size(), kBlockBytesMax));
        put(block + 1 == blocks ? 1 : 0, 1);
        put(piece.size(), 2);
        put(~piece.size(), 2);
        buffer_.insert(buffer_.end(), piece.begin(), piece.end());
      }
      put(archive::crc32(0, content), 4);
      put(content.size(), 4);
      return buffer_;
    }
    void put(std::uint64_t number, std::size_t bytes) {
      for (std::size_t i = 0; i < bytes; ++i) buffer_.push_back(static_cast<std::byte>(number >> (8 * i)));
    }

    archive::ZipWriter& zip_;
    std::size_t member_bytes_;
    bool is_stored_;
    std::uint64_t directory_;
    archive::GzipMemberEncoder encoder_{archive::Compression::Fast};
    std::vector<std::byte> buffer_;
    std::vector<std::byte> raw_;
    std::vector<std::string> paths_;
    std::uint64_t end_ = 0;
    std::size_t placed_ = 0;  ///< How many places have their span.
  };

  static Object named(const std::string& path, archive::EntryType type) {
    Object object;
    object.entry.path = path;
    object.entry.type = type;
    object.entry.mode = type == archive::EntryType::Directory ? 0755 : 0644;
    object.entry.mtime = {.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789};
    return object;
  }

  static std::vector<std::byte> bytes_of(const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }

  static archive::Manifest manifest_without_places() {
    const TimePoint started = *parse_rfc3339("2026-11-23T09:30:00Z");
    return {.run_id = "0a1b2c3d-0000-4000-8000-000000000000",
            .machine_id = "",
            .hostname = "web-1",
            .ip = "192.0.2.7",
            .started = started,
            .finished = started,
            .directories = {},
            .index = {},
            .blocks = {},
            .warnings = {}};
  }

  static std::uint64_t add_entry(archive::ZipWriter& zip, std::string_view name, const std::vector<std::byte>& bytes) {
    zip.begin_entry(std::string(name));
    zip.write(bytes);
    return zip.end_entry().offset;
  }

  /// An object's records, and how many bytes of them stand before the content.
  static std::pair<std::vector<std::byte>, std::size_t> records_of(const Object& object) {
    std::vector<std::byte> records;
    archive::TarWriter writer(records);
    writer.append_headers(object.entry);
    const std::size_t headers = records.size();
    if (object.entry.type == archive::EntryType::File) {
      const auto content = std::as_bytes(std::span(object.content));
      std::vector<archive::Extent> extents = {{.offset = 0, .length = content.size()}};
      if (object.entry.sparse) extents = object.entry.extents;
      for (const archive::Extent& extent : extents) {
        const auto data = content.subspan(extent.offset, extent.length);
        records.insert(records.end(), data.begin(), data.end());
      }
      writer.append_padding();
    }
    return {std::move(records), headers};
  }

  void add_line(const Object& object, archive::Placement place, archive::IndexWriter& index) const {
    archive::Entry entry = object.entry;
    if (!is_listed(entry.path)) return;
    change_line(entry, place);
    std::string content = object.content;
    change_content(entry.path, content);
    std::string line = archive::index_line_head(entry);
    std::optional<crypto::Sha256Digest> digest;
    if (entry.type == archive::EntryType::File || entry.type == archive::EntryType::Hardlink)
      digest = crypto::sha256(std::as_bytes(std::span(content)));
    archive::complete_index_line(line, digest, false, place);
    index.add(entry.path, line);
  }

  static void count(const Object& object, archive::ManifestDirectory& directory) {
    if (object.entry.type == archive::EntryType::File) {
      ++directory.files;
      directory.content_bytes += object.entry.size;
    } else {
      ++(object.entry.type == archive::EntryType::Directory ? directory.directories : directory.others);
    }
  }
};

}  // namespace osbackup::test
