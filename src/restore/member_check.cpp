#include "restore/member_check.hpp"

#include <fmt/format.h>

#include <utility>

#include "archive/tar_reader.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "restore/memory_source.hpp"

namespace osbackup::restore {
namespace {

using archive::Entry;
using archive::EntryType;
using archive::IndexEntry;

/// Compares the entry that a large file's headers are with its line.
class LookingReceiver final : public Receiver {
 public:
  explicit LookingReceiver(const IndexEntry& line) : line_(line) {}

  void begin(const Entry& entry) override { fields_ = differences(line_, entry); }
  void write(std::uint64_t, std::span<const std::byte>) override {}
  void finish() override {
    if (!fields_.empty())
      throw Error(ErrorKind::Corrupt, "the tar does not say the same as the index of its " + fields_);
  }

 private:
  const IndexEntry& line_;
  std::string fields_;  ///< That differ.
};

/// Goes through the entries of one member, beside their lines.
class MemberCheck {
 public:
  MemberCheck(std::span<const std::byte> content, const std::vector<IndexEntry>& lines, MemberFacts facts,
              const DataReport& report)
      : content_(content), lines_(lines), facts_(facts), report_(report), source_(content, 0), tar_(source_) {}

  void run() {
    try {
      while (const std::optional<Entry> entry = tar_.next()) check_entry(*entry);
      check_end();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Corrupt) throw;
      // The line of this entry, and all that come behind it.
      const bool is_told = next_ < lines_.size();
      lose_lines_before(content_.size(), error.what());
      if (!is_told) report_({}, error.what());
    }
    lose_lines_before(content_.size(), "no entry begins where its line says");
  }

 private:
  void check_entry(const Entry& entry) {
    lose_lines_before(tar_.entry_offset(), "no entry begins where its line says");
    const std::size_t begin = source_.position();
    if (tar_.content_left() > content_.size() - begin)
      throw Error(ErrorKind::Corrupt, "its gzip member ends before its content");
    if (next_ < lines_.size() && lines_[next_].placement.skip == tar_.entry_offset()) {
      const IndexEntry& line = lines_[next_++];
      check_against(line, entry, content_.subspan(begin, static_cast<std::size_t>(tar_.content_left())));
    } else if (facts_.knows_lines) {
      report_(entry.path, "it is in the tar, and no line of the index says so");
    }
  }

  void check_against(const IndexEntry& line, const Entry& entry, std::span<const std::byte> stored) {
    const std::string fields = differences(line, entry);
    if (!fields.empty()) return report_(line.entry.path, "the tar does not say the same as the index of its " + fields);
    if (entry.type != EntryType::File || !line.digest) return;
    const auto digest = digest_of_content(entry, stored);
    if (digest && *digest != *line.digest)
      report_(line.entry.path, "its content is not what was backed up: the digest does not match the index");
  }

  void check_end() {
    if (facts_.ends_tar && !(tar_.has_end_records() && source_.position() == content_.size()))
      report_({}, "the tar does not end with two zero records");
    if (!facts_.ends_tar && tar_.has_end_records()) report_({}, "the tar ends before the zip entry does");
  }

  void lose_lines_before(std::uint64_t skip, const std::string& why) {
    for (; next_ < lines_.size() && lines_[next_].placement.skip < skip; ++next_)
      report_(lines_[next_].entry.path, why);
  }

  std::span<const std::byte> content_;
  const std::vector<IndexEntry>& lines_;
  MemberFacts facts_;
  const DataReport& report_;
  MemorySource source_;
  archive::TarReader tar_;
  std::size_t next_ = 0;  ///< Of the lines.
};

PlannedObject object_of(IndexEntry line) {
  PlannedObject object{.line = std::move(line), .path_in_tar = {}};
  object.path_in_tar = object.line.entry.path;
  return object;
}

void tell(const IndexEntry& line, const FileOutcome& outcome, const DataReport& report) {
  if (outcome.lost) report(line.entry.path, outcome.lost->what());
  if (outcome.damage)
    report.tell_harmless(fmt::format("gzip members of {} are damaged, but all of it is whole: {}",
                                     printable(line.entry.path), outcome.damage->what()));
}

}  // namespace

std::string differences(const IndexEntry& line, const Entry& entry) {
  const Entry& said = line.entry;
  std::string names;
  const auto compare = [&](const char* name, bool is_same) {
    if (!is_same) names += (names.empty() ? "" : ", ") + std::string(name);
  };
  compare("path", entry.path == said.path);
  compare("type", entry.type == said.type);
  compare("mode", entry.mode == said.mode);
  compare("uid", entry.uid == said.uid);
  compare("gid", entry.gid == said.gid);
  compare("user", entry.user == said.user);
  compare("group", entry.group == said.group);
  compare("size", entry.type != EntryType::File || entry.size == said.size);
  compare("mtime", entry.mtime.tv_sec == said.mtime.tv_sec && entry.mtime.tv_nsec == said.mtime.tv_nsec);
  compare("target", entry.target == said.target);
  compare("rdev", entry.device_major == said.device_major && entry.device_minor == said.device_minor);
  compare("holes", has_holes(entry) == line.has_holes);
  const auto attributes =
      entry.attributes.empty() ? std::nullopt : std::optional(archive::attributes_digest(entry.attributes));
  compare("attributes", attributes == line.attributes_digest);
  return names;
}

void check_member(std::span<const std::byte> content, const std::vector<IndexEntry>& lines, MemberFacts facts,
                  const DataReport& report) {
  MemberCheck(content, lines, facts, report).run();
}

LargeFileCheck::LargeFileCheck(IndexEntry line, FileSpan span, const DataReport& report)
    : object_(object_of(std::move(line))),
      report_(report),
      file_(object_, std::make_unique<LookingReceiver>(object_.line), std::move(span)) {}

void LargeFileCheck::take(const TarSlice& slice) {
  report_outcome([&] {
    if (slice.bytes.size() % archive::kTarRecordBytes == 0) return file_.take(slice);
    const Error why(ErrorKind::Corrupt, "a gzip member of it does not end with a record of the tar");
    return file_.lose(slice.number, slice.is_last, why);
  });
}

void LargeFileCheck::lose(std::size_t number, bool is_last, const Error& why) {
  report_outcome([&] { return file_.lose(number, is_last, why); });
}

void LargeFileCheck::lose_from(std::size_t number, const Error& why) {
  report_outcome([&] { return file_.lose_from(number, why); });
}

template <class Take>
void LargeFileCheck::report_outcome(Take take) {
  try {
    if (const std::optional<FileOutcome> outcome = take()) tell(object_.line, *outcome, report_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    if (file_.fail()) report_(object_.line.entry.path, error.what());
  }
}

void check_damaged_file(IndexEntry line, FileSpan span, const Error& why, const DataReport& report) {
  const PlannedObject object = object_of(std::move(line));
  LookingReceiver receiver(object.line);
  try {
    tell(object.line, FileSalvage(object, std::move(span)).run(receiver, false, why), report);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt) throw;
    report(object.line.entry.path, error.what());
  }
}

}  // namespace osbackup::restore
