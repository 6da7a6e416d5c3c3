#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/archive_name.hpp"
#include "archive/gzip_member.hpp"
#include "archive/index_writer.hpp"
#include "archive/manifest.hpp"
#include "archive/tar_writer.hpp"
#include "archive/zip_writer.hpp"
#include "core/time_format.hpp"
#include "crypto/sliced_digest.hpp"
#include "support/made_archive.hpp"

namespace osbackup::test {

/// Makes archives with our writers, in the members that docs/format.md prescribes: tars of objects with content. A test
/// may change what is written on the way.
class ObjectArchive {
 public:
  struct Object {
    archive::Entry entry;
    std::vector<std::byte> content = {};  ///< As it is stored: of a sparse file, its extents.
  };

  static Object directory(std::string path) {
    return {.entry = entry_of(std::move(path), archive::EntryType::Directory)};
  }
  static Object file(std::string path, std::vector<std::byte> content) {
    Object object{.entry = entry_of(std::move(path), archive::EntryType::File), .content = std::move(content)};
    object.entry.size = object.content.size();
    return object;
  }
  static Object link(std::string path, archive::EntryType type, std::string target) {
    Object object{.entry = entry_of(std::move(path), type)};
    object.entry.target = std::move(target);
    return object;
  }

  std::map<std::string, std::vector<Object>> directories;  ///< `/etc`: its objects in order.
  std::function<void(archive::Entry&)> change_tar_entry = [](auto&) {};
  std::function<void(std::vector<std::byte>&)> change_content = [](auto&) {};  ///< In the tar; its length stays.
  std::function<void(archive::Entry&)> change_line = [](auto&) {};
  std::function<void(archive::Placement&)> change_place = [](auto&) {};

  std::shared_ptr<SparseBytes> build() const {
    auto bytes = std::make_shared<SparseBytes>();
    archive::ZipWriter zip(*bytes, started());
    archive::Manifest manifest{.run_id = "0a1b2c3d-0000-4000-8000-000000000000",
                               .machine_id = "",
                               .hostname = "web-1",
                               .ip = "192.0.2.7",
                               .started = started(),
                               .finished = started(),
                               .directories = {},
                               .index = {},
                               .blocks = {},
                               .warnings = {}};
    SparseBytes index_bytes;
    SparseBytes blocks_bytes;
    archive::IndexWriter index(index_bytes, blocks_bytes);
    for (const auto& [path, objects] : directories) {
      archive::ManifestDirectory& directory = manifest.directories.emplace_back();
      directory.path = path;
      directory.entry = archive::entry_name(path);
      zip.begin_entry(directory.entry);
      directory.tar_bytes = add_tar(zip, objects, {index, manifest.directories.size() - 1});
      directory.place = zip.end_entry();
      for (const Object& object : objects) count(object, directory);
    }
    index.finish();
    SparseBytes warnings_bytes;
    archive::JsonLinesWriter warnings(warnings_bytes);
    warnings.finish();
    manifest.index = {.offset = add_entry(zip, archive::kIndexEntry, index_bytes.all()), .summary = index.index()};
    manifest.blocks = {.offset = add_entry(zip, archive::kBlocksEntry, blocks_bytes.all()), .summary = index.blocks()};
    manifest.warnings = {.offset = add_entry(zip, archive::kWarningsEntry, warnings_bytes.all()),
                         .summary = warnings.summary()};
    const std::string text = archive::to_json_text(manifest);
    const auto text_bytes = std::as_bytes(std::span(text));
    add_entry(zip, archive::kManifestEntry, {text_bytes.begin(), text_bytes.end()});
    zip.finish();
    return bytes;
  }

 private:
  struct Listing {
    archive::IndexWriter& index;
    std::uint64_t directory = 0;
  };

  /// An object whose line waits for the length of its members.
  struct Waiting {
    const Object* object = nullptr;
    std::uint64_t member = 0;
    std::uint64_t skip = 0;
  };

  static TimePoint started() { return *parse_rfc3339("2026-11-23T09:30:00Z"); }

  static archive::Entry entry_of(std::string path, archive::EntryType type) {
    archive::Entry entry;
    entry.path = std::move(path);
    entry.type = type;
    entry.mode = type == archive::EntryType::Directory ? 0755 : 0644;
    entry.mtime = {.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789};
    return entry;
  }

  static std::uint64_t add_entry(archive::ZipWriter& zip, std::string_view name, const std::vector<std::byte>& bytes) {
    zip.begin_entry(std::string(name));
    zip.write(bytes);
    return zip.end_entry().offset;
  }

  static void count(const Object& object, archive::ManifestDirectory& directory) {
    if (object.entry.type == archive::EntryType::File) {
      ++directory.files;
      directory.content_bytes += object.entry.size;
    } else if (object.entry.type == archive::EntryType::Directory) {
      ++directory.directories;
    } else {
      ++directory.others;
    }
  }

  static crypto::Sha256Digest digest_of(const Object& object) {
    if (!object.entry.sparse) return crypto::sha256(object.content);
    crypto::SlicedDigest digest;
    std::size_t begin = 0;
    for (const archive::Extent& extent : object.entry.extents) {
      digest.update(extent.offset, std::span(object.content).subspan(begin, extent.length), {});
      begin += extent.length;
    }
    return digest.finish(object.entry.size, {});
  }

  std::uint64_t add_tar(archive::ZipWriter& zip, const std::vector<Object>& objects, Listing listing) const {
    archive::GzipMemberEncoder encoder(archive::Compression::Fast);
    std::vector<std::byte> buffer;
    std::vector<std::byte> raw;
    std::vector<Waiting> waiting;
    std::uint64_t offset = 0;
    std::uint64_t tar_bytes = 0;
    const auto cut = [&](std::size_t bytes) {
      const auto member = encoder.encode(std::span(raw).first(bytes), buffer);
      zip.write(member);
      offset += member.size();
      tar_bytes += bytes;
      raw.erase(raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(bytes));
    };
    const auto end_member = [&] {
      while (raw.size() > archive::kMemberContentMax) cut(archive::kMemberContentMax);
      if (!raw.empty()) cut(raw.size());
      for (const Waiting& object : waiting) add_line(object, offset, listing);
      waiting.clear();
    };
    for (const Object& object : objects) {
      std::vector<std::byte> headers;
      archive::Entry entry = object.entry;
      change_tar_entry(entry);
      archive::TarWriter(headers).append_headers(entry);
      const std::uint64_t bytes = headers.size() + archive::in_whole_records(object.content.size());
      if (!raw.empty() && raw.size() + bytes > archive::kMemberContentMax) end_member();
      waiting.push_back({.object = &object, .member = offset, .skip = raw.size()});
      raw.insert(raw.end(), headers.begin(), headers.end());
      std::vector<std::byte> content = object.content;
      change_content(content);
      raw.insert(raw.end(), content.begin(), content.end());
      archive::TarWriter(raw).append_padding();
      if (bytes > archive::kMemberContentMax) end_member();
    }
    archive::TarWriter(raw).append_end();
    end_member();
    return tar_bytes;
  }

  void add_line(const Waiting& waiting, std::uint64_t end, Listing listing) const {
    archive::Entry entry = waiting.object->entry;
    change_line(entry);
    archive::Placement place{
        .directory = listing.directory, .member = waiting.member, .skip = waiting.skip, .span = end - waiting.member};
    change_place(place);
    std::optional<crypto::Sha256Digest> digest;
    if (entry.type == archive::EntryType::File) digest = digest_of(*waiting.object);
    std::string line = archive::index_line_head(entry);
    archive::complete_index_line(line, digest, false, place);
    listing.index.add(entry.path, line);
  }
};

}  // namespace osbackup::test
