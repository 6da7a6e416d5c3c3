#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/archive_name.hpp"
#include "archive/gzip_member.hpp"
#include "archive/index_writer.hpp"
#include "archive/manifest.hpp"
#include "archive/zip_writer.hpp"
#include "core/byte_sink.hpp"
#include "core/error.hpp"
#include "core/range_reader.hpp"
#include "core/time_format.hpp"

namespace osbackup::test {

/// Bytes in memory, of which long runs of zeros take no room: a disk full of archive. Written, then read.
class SparseBytes final : public ByteSink, public RangeReader {
 public:
  void write(std::span<const std::byte> bytes) override {
    if (bytes.data() != zeros_.data() && !bytes.empty()) pieces_[size_].assign(bytes.begin(), bytes.end());
    size_ += bytes.size();
  }
  /// A run of zeros to write, which is counted and not kept.
  std::span<const std::byte> zeros(std::uint64_t bytes) const { return std::span(zeros_).first(bytes); }

  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size_ || out.size() > size_ - offset) throw Error(ErrorKind::Corrupt, "read beyond the end");
    std::fill(out.begin(), out.end(), std::byte{0});
    auto piece = pieces_.upper_bound(offset);
    if (piece != pieces_.begin()) --piece;
    for (; piece != pieces_.end() && piece->first < offset + out.size(); ++piece) {
      const std::uint64_t begin = std::max(offset, piece->first);
      const std::uint64_t end = std::min(offset + out.size(), piece->first + piece->second.size());
      if (begin < end)
        std::copy_n(piece->second.begin() + static_cast<std::ptrdiff_t>(begin - piece->first), end - begin,
                    out.begin() + static_cast<std::ptrdiff_t>(begin - offset));
    }
  }

  /// All of it, which must be little.
  std::vector<std::byte> all() const {
    std::vector<std::byte> bytes(size_);
    read(0, bytes);
    return bytes;
  }

 private:
  std::map<std::uint64_t, std::vector<std::byte>> pieces_;
  std::uint64_t size_ = 0;
  std::vector<std::byte> zeros_ = std::vector<std::byte>(std::size_t{1} << 20U);
};

/// Makes archives with our writers: directories of files, each in a gzip member of its own that holds its path instead
/// of a tar. A test may change what is written on the way.
class MadeArchive {
 public:
  struct File {
    std::string path;
    std::uint64_t zeros_behind = 0;  ///< Room, in the data entry, behind its member.
  };

  /// `/etc` with the files `etc/a` and so on.
  std::map<std::string, std::vector<File>> directories;
  std::string padding;  ///< Put into a warning, so that what lies before it moves out of the tail.
  std::function<void(archive::Manifest&)> change_manifest = [](auto&) {};
  std::function<void(std::string&)> change_manifest_text = [](auto&) {};
  std::function<void(archive::Placement&)> change_place = [](auto&) {};
  std::function<void(archive::Entry&)> change_entry = [](auto&) {};  ///< What is no file then has no digest.

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
    archive::GzipMemberEncoder encoder(archive::Compression::Fast);
    for (const auto& [path, files] : directories) {
      archive::ManifestDirectory& directory = manifest.directories.emplace_back();
      directory.path = path;
      directory.entry = archive::entry_name(path);
      zip.begin_entry(directory.entry);
      archive::Placement place{.directory = manifest.directories.size() - 1, .member = 0, .skip = 0, .span = 0};
      for (const File& file : files) add_file(*bytes, zip, file, {encoder, index, place});
      directory.place = zip.end_entry();
      directory.files = files.size();
    }
    index.finish();
    SparseBytes warnings_bytes;
    archive::JsonLinesWriter warnings(warnings_bytes);
    warnings.add(archive::warning_line("etc/x", padding));
    warnings.finish();
    manifest.index = {.offset = add_entry(zip, archive::kIndexEntry, index_bytes.all()), .summary = index.index()};
    manifest.blocks = {.offset = add_entry(zip, archive::kBlocksEntry, blocks_bytes.all()), .summary = index.blocks()};
    manifest.warnings = {.offset = add_entry(zip, archive::kWarningsEntry, warnings_bytes.all()),
                         .summary = warnings.summary()};
    change_manifest(manifest);
    std::string text = archive::to_json_text(manifest);
    change_manifest_text(text);
    const auto text_bytes = std::as_bytes(std::span(text));
    add_entry(zip, archive::kManifestEntry, {text_bytes.begin(), text_bytes.end()});
    zip.finish();
    return bytes;
  }

 private:
  struct Listing {
    archive::GzipMemberEncoder& encoder;
    archive::IndexWriter& index;
    archive::Placement& place;
  };

  static TimePoint started() { return *parse_rfc3339("2026-11-23T09:30:00Z"); }

  static std::uint64_t add_entry(archive::ZipWriter& zip, std::string_view name, const std::vector<std::byte>& bytes) {
    zip.begin_entry(std::string(name));
    zip.write(bytes);
    return zip.end_entry().offset;
  }

  void add_file(const SparseBytes& bytes, archive::ZipWriter& zip, const File& file, Listing listing) const {
    const auto content = std::as_bytes(std::span(file.path));
    std::vector<std::byte> buffer;
    const auto member = listing.encoder.encode(content, buffer);
    zip.write(member);
    listing.place.span = member.size();
    archive::Entry entry;
    entry.path = file.path;
    entry.mode = 0644;
    entry.size = content.size();
    change_entry(entry);
    archive::Placement place = listing.place;
    change_place(place);
    std::string line = archive::index_line_head(entry);
    std::optional<crypto::Sha256Digest> digest;
    if (entry.type == archive::EntryType::File) digest = crypto::sha256(content);
    archive::complete_index_line(line, digest, false, place);
    listing.index.add(entry.path, line);
    listing.place.member += member.size();
    for (std::uint64_t left = file.zeros_behind; left > 0;) {
      const std::uint64_t piece = std::min<std::uint64_t>(left, 1U << 20U);
      zip.write(bytes.zeros(piece));
      left -= piece;
      listing.place.member += piece;
    }
  }
};

}  // namespace osbackup::test
