#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>

#include "archive/tar_writer.hpp"
#include "readers/entry_line.hpp"
#include "support/kernel_acl.hpp"
#include "support/project_file.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"

/// What GNU tar, bsdtar and Python's tarfile find in our tars (archive/tar_writer.hpp).
namespace osbackup::archive {
namespace {

using namespace std::string_literals;
using testing::ElementsAreArray;
using testing::IsEmpty;

constexpr const char* kGnuTar = "tar -xpf a.tar -C out --xattrs --xattrs-include='*' --acls --selinux --numeric-owner";
constexpr const char* kBsdtar = "bsdtar -xpf a.tar -C out --numeric-owner";
// bsdtar takes the names in a pax header for UTF-8, says so (and exits with 1) when they are not, or when the locale
// lacks their characters, and restores them all the same.
constexpr const char* kTolerantBsdtar =
    "{ bsdtar -xpf a.tar -C out --numeric-owner 2>messages || test $? = 1; } &&"
    "! grep -vxE \"bsdtar: ((Path|Link)name can't be converted from UTF-8 to current locale"
    "|Error exit delayed from previous errors)[.]\" messages";

Entry entry_of(EntryType type, const std::string& path) {
  Entry entry;
  entry.path = path;
  entry.type = type;
  entry.mode = type == EntryType::Symlink ? 0777 : 0640;
  entry.mtime = {.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789};
  return entry;
}

Entry file(const std::string& path, std::uint64_t size = 0) {
  Entry entry = entry_of(EntryType::File, path);
  entry.size = size;
  return entry;
}

Entry directory(const std::string& path) {
  Entry entry = entry_of(EntryType::Directory, path);
  entry.mode = 0750;
  return entry;
}

Entry link(EntryType type, const std::string& path, const std::string& target) {
  Entry entry = entry_of(type, path);
  entry.target = target;
  return entry;
}

Entry sparse_file(const std::string& path, std::uint64_t size, std::vector<Extent> extents) {
  Entry entry = file(path, size);
  entry.sparse = true;
  entry.extents = std::move(extents);
  return entry;
}

Entry with_attributes(Entry entry, std::vector<Attribute> attributes) {
  entry.attributes = std::move(attributes);
  return entry;
}

/// The content that a file is given here, with zeros for holes.
std::string content_of(const Entry& entry) {
  std::string content(entry.size, '\0');
  const std::vector<Extent> whole = {{.offset = 0, .length = entry.size}};
  for (const Extent& extent : entry.sparse ? entry.extents : whole)
    for (std::uint64_t at = extent.offset; at < extent.offset + extent.length; ++at)
      content[at] = static_cast<char>('a' + (at * 7 + entry.path.size()) % 26);
  return content;
}

std::string stored_content_of(const Entry& entry) {
  std::string content = content_of(entry);
  if (!entry.sparse) return content;
  std::string stored;
  for (const Extent& extent : entry.extents) stored += content.substr(extent.offset, extent.length);
  return stored;
}

std::string line_of(const Entry& entry, bool also_special = true) {
  return line_of(entry, entry.type == EntryType::File ? content_of(entry) : "",
                 also_special ? Special::Shown : Special::LeftOut);
}

std::vector<std::string> lines_of(const std::vector<Entry>& entries, bool also_special = true) {
  std::vector<std::string> lines;
  lines.reserve(entries.size());
  for (const Entry& entry : entries) lines.push_back(line_of(entry, also_special));
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Messages but GNU tar's own about times that it finds implausibly old or in the future.
std::vector<std::string> without_time_warnings(const std::string& messages) {
  std::vector<std::string> lines = split_lines(messages);
  std::erase_if(lines, [](const std::string& line) {
    return line.starts_with("tar: ") &&
           (line.find(": implausibly old time stamp ") != std::string::npos ||
            (line.find(": time stamp ") != std::string::npos && line.ends_with(" s in the future")));
  });
  return lines;
}

class TarReaders : public testing::TestWithParam<const char*> {
 protected:
  void save(const std::vector<Entry>& entries) {
    std::vector<std::byte> tar;
    TarWriter writer(tar);
    for (const Entry& entry : entries) {
      writer.append_headers(entry);
      if (entry.type == EntryType::File) {
        const std::string content = stored_content_of(entry);
        ASSERT_EQ(content.size(), stored_bytes(entry));
        const auto bytes = std::as_bytes(std::span(content));
        tar.insert(tar.end(), bytes.begin(), bytes.end());
        writer.append_padding();
      }
    }
    writer.append_end();
    std::ofstream out(folder_.path() / "a.tar", std::ios::binary);
    out.write(reinterpret_cast<const char*>(tar.data()), static_cast<std::streamsize>(tar.size()));
    ASSERT_TRUE(out.flush());
  }

  /// Saves a tar whose content is a hole.
  void save_headers(const std::vector<Entry>& entries) {
    std::ofstream out(folder_.path() / "a.tar", std::ios::binary);
    std::uint64_t size = 0;
    for (const Entry& entry : entries) {
      std::vector<std::byte> headers;
      TarWriter(headers).append_headers(entry);
      out.seekp(static_cast<std::streamoff>(size));
      out.write(reinterpret_cast<const char*>(headers.data()), static_cast<std::streamsize>(headers.size()));
      size += headers.size() + in_whole_records(stored_bytes(entry));
    }
    out.close();
    std::filesystem::resize_file(folder_.path() / "a.tar", size + 2 * kTarRecordBytes);
  }

  test::ShellEnd run(const std::string& script) {
    return test::run_shell({.text = script, .directory = folder_.path(), .locale = GetParam()});
  }
  std::string output_of(const std::string& script) {
    return test::output_of({.text = script, .directory = folder_.path(), .locale = GetParam()});
  }

  std::vector<std::string> file_lines(const std::string& what) {
    return split_lines(
        output_of("/usr/bin/python3 '" + test::project_path("tests/support/file_lines.py").string() + "' " + what));
  }

  /// Restores with a program, and gives the lines of what is there then.
  std::vector<std::string> restored_with(const char* program) {
    const test::ShellEnd end = run("rm -rf out && mkdir out && "s + program);
    EXPECT_EQ(end.exit_code, 0) << program;
    EXPECT_THAT(without_time_warnings(end.errors), IsEmpty()) << program;
    return file_lines("tree out");
  }

  void expect_all_readers_find(const std::vector<Entry>& entries, const char* bsdtar = kBsdtar) {
    save(entries);
    EXPECT_THAT(restored_with(kGnuTar), ElementsAreArray(lines_of(entries)));
    EXPECT_THAT(restored_with(bsdtar), ElementsAreArray(lines_of(entries)));
    EXPECT_THAT(file_lines("tar a.tar"), ElementsAreArray(lines_of(entries, false)));
    EXPECT_THAT(without_time_warnings(run("tar -tvf a.tar").errors), IsEmpty());
  }

  test::TemporaryFolder folder_;
};

TEST_P(TarReaders, FindEveryType) {
  Entry tty = entry_of(EntryType::CharacterDevice, "d/tty");
  tty.device_major = 5;
  tty.device_minor = 70'000;
  Entry disk = entry_of(EntryType::BlockDevice, "d/disk");
  disk.device_major = 8;
  disk.device_minor = 1;
  expect_all_readers_find({directory("d"), tty, disk, entry_of(EntryType::Fifo, "d/fifo"), file("d/file", 1000),
                           link(EntryType::Symlink, "d/link", "../no\nwhere"),
                           link(EntryType::Symlink, "d/long link", std::string(3000, 't')), directory("empty")});
}

TEST_P(TarReaders, FindFilesOfAnySize) {
  std::vector<Entry> entries;
  for (const std::uint64_t size : {0UL, 1UL, 511UL, 512UL, 513UL, 10'240UL, 100'001UL})
    entries.push_back(file("size " + std::to_string(size), size));
  expect_all_readers_find(entries);
}

TEST_P(TarReaders, FindModesAndOwners) {
  std::vector<Entry> entries;
  for (const std::uint32_t mode : {0U, 0777U, 04755U, 02755U, 01777U, 07777U}) {
    entries.push_back(file("mode " + std::to_string(mode), 10));
    entries.back().mode = mode;
  }
  for (const std::uint32_t id : {1U, 65'534U, 2'097'151U, 2'097'152U, 4'294'967'294U}) {
    entries.push_back(file("owner " + std::to_string(id), 10));
    entries.back().uid = id;
    entries.back().gid = id;
    entries.back().user = std::string(40, 'u');
    entries.back().group = "root";
  }
  expect_all_readers_find(entries);
}

TEST_P(TarReaders, FindNamesOfAnyBytes) {
  std::vector<Entry> entries;
  for (const std::size_t bytes : {99U, 100U, 101U, 154U, 155U, 156U, 255U}) {
    entries.push_back(file(std::string(bytes, 'f'), 3));
    entries.push_back(directory(std::string(bytes, 'd')));
    entries.push_back(file(std::string(bytes, 'd') + "/" + std::string(256 - bytes, 'n'), 3));
  }
  for (const std::string name : {"-rf", "--checkpoint=1", "back\\slash", "a\\nb", "new\nline", "\ttab", " blank ", "*",
                                 "%3D=%25", "\"'", "é", "\xff\xfe", "a\x01\x7f", "@x", "GNUSparseFile.0", "..."})
    entries.push_back(file(name, 3));
  expect_all_readers_find(entries);
}

TEST_P(TarReaders, FindLongNamesOfAnyBytes) {
  std::vector<Entry> entries;
  std::string path;
  for (int depth = 0; depth < 16; ++depth) {
    path += (depth == 0 ? "" : "/") + std::string(100, static_cast<char>('a' + depth));
    entries.push_back(directory(path));
  }
  entries.push_back(file(path + "/" + std::string(255, 'n'), 3));
  entries.push_back(file(std::string(127, '\xff') + "\n12 path=x\n" + std::string(100, '\\'), 3));
  entries.push_back(file("\xc3\xa9" + std::string(150, 'u'), 3));
  entries.push_back(link(EntryType::Symlink, "link", std::string(1000, '\xfe') + "\n=\n"));
  expect_all_readers_find(entries, kTolerantBsdtar);
}

TEST_P(TarReaders, FindTimes) {
  std::vector<Entry> entries;
  for (const time_t second : {0L, 1L, -1L, -2'000'000'000L, 2'147'483'648L, 4'294'967'296L, 8'589'934'591L}) {
    entries.push_back(file("second " + std::to_string(second)));
    entries.back().mtime = {.tv_sec = second, .tv_nsec = 0};
  }
  for (const long nanosecond : {1L, 100'000'000L, 999'999'999L}) {
    entries.push_back(file("nanosecond " + std::to_string(nanosecond)));
    entries.back().mtime.tv_nsec = nanosecond;
  }
  expect_all_readers_find(entries);
}

TEST_P(TarReaders, FindFractionsOfSecondsBefore1970) {
  // Not bsdtar: it reads -1.5 as -1 + 0.5, whoever wrote it.
  std::vector<Entry> entries = {file("a"), file("b")};
  entries[0].mtime = {.tv_sec = -2, .tv_nsec = 500'000'000};
  entries[1].mtime = {.tv_sec = -1, .tv_nsec = 999'999'999};
  save(entries);

  EXPECT_THAT(restored_with(kGnuTar), ElementsAreArray(lines_of(entries)));
  EXPECT_THAT(file_lines("tar a.tar"), ElementsAreArray(lines_of(entries)));
}

std::string capability() { return "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s; }  // cap_net_bind_service=ep

TEST_P(TarReaders, FindAttributes) {
  const std::string acl = test::kernel_acl({{.tag = 0x01, .permissions = 6},
                                            {.tag = 0x02, .permissions = 4, .id = 1000},
                                            {.tag = 0x02, .permissions = 7, .id = 2'147'483'647},
                                            {.tag = 0x04, .permissions = 4},
                                            {.tag = 0x08, .permissions = 5, .id = 50},
                                            {.tag = 0x10, .permissions = 4},
                                            {.tag = 0x20, .permissions = 0}});
  Entry shared =
      with_attributes(directory("shared"), {{"system.posix_acl_access", acl}, {"system.posix_acl_default", acl}});
  shared.mode = 0640;
  expect_all_readers_find({with_attributes(file("capable", 3), {{"security.capability", capability()}}),
                           with_attributes(file("labelled", 3), {{"security.selinux", "system_u:object_r:etc_t:s0"}}),
                           with_attributes(file("listed", 3), {{"system.posix_acl_access", acl}}),
                           with_attributes(file("noted", 3), {{"user.binary", "\0\n=\xff\0"s},
                                                              {"user.empty", ""},
                                                              {"user.note", "kept"},
                                                              {"user.wide name/%", std::string(2000, 'v')}}),
                           shared, with_attributes(directory("trusted"), {{"trusted.overlay.opaque", "y"}})});
}

TEST_P(TarReaders, FindTheLargestIdsInAcls) {
  // Not bsdtar: it has no ids over 2^31 - 1 in ACLs. Python has no ACLs.
  const std::vector<Entry> entries = {with_attributes(
      file("listed", 3),
      {{"system.posix_acl_access", test::kernel_acl({{.tag = 0x01, .permissions = 6},
                                                     {.tag = 0x02, .permissions = 7, .id = 4'294'967'294},
                                                     {.tag = 0x04, .permissions = 4},
                                                     {.tag = 0x10, .permissions = 4},
                                                     {.tag = 0x20, .permissions = 0}})}})};
  save(entries);

  EXPECT_THAT(restored_with(kGnuTar), ElementsAreArray(lines_of(entries)));
}

TEST_P(TarReaders, FindSparseFiles) {
  std::vector<Extent> many;
  for (std::uint64_t at = 0; at < 300; ++at) many.push_back({.offset = at * 8192, .length = 4096});
  expect_all_readers_find(
      {directory("d"), sparse_file("d/all hole", 1'000'000, {}),
       sparse_file("d/data at the end", 1'000'000, {{.offset = 999'990, .length = 10}}), sparse_file("d/empty", 0, {}),
       sparse_file("d/hole at the end", 1'000'000, {{.offset = 0, .length = 512}, {.offset = 65'536, .length = 700}}),
       sparse_file("d/many", 2'457'600, many), sparse_file("d/" + std::string(255, '\xff'), 8192, {}),
       file("d/next", 10), sparse_file("top", 8192, {{.offset = 4096, .length = 4096}})},
      kTolerantBsdtar);
}

TEST_P(TarReaders, RestoreHolesAsHoles) {
  save({sparse_file("f", 100'000'000, {{.offset = 50'003'968, .length = 4096}})});

  for (const char* program : {kGnuTar, kBsdtar}) {
    output_of("rm -rf out && mkdir out && "s + program);
    EXPECT_LT(std::stoul(output_of("stat -c %b out/f")) * 512, 100'000U) << program;
  }
}

TEST_P(TarReaders, RestoreHardLinksAsTheSameFile) {
  Entry second = link(EntryType::Hardlink, "b", "a");
  Entry third = link(EntryType::Hardlink, "c", std::string(200, 'l'));
  second.size = 1000;
  save({file("a", 1000), second, file(third.target, 5), third});

  for (const char* program : {kGnuTar, kBsdtar}) {
    output_of("rm -rf out && mkdir out && "s + program);
    EXPECT_EQ(output_of("cd out && test a -ef b && test c -ef " + third.target + " && stat -c '%h %s' a c"),
              "2 1000\n2 5\n")
        << program;
  }
  EXPECT_EQ(output_of("/usr/bin/python3 -c \"import tarfile; print([m.linkname[:5] for m in tarfile.open('a.tar')])\""),
            "['', 'a', '', 'lllll']\n");
}

TEST_P(TarReaders, RestoreTheRootItself) {
  Entry root = directory(".");
  root.mode = 0711;
  save({root, file("a")});

  for (const char* program : {kGnuTar, kBsdtar}) {
    output_of("rm -rf out && mkdir out && "s + program);
    EXPECT_EQ(output_of("stat -c %a out && ls out"), "711\na\n") << program;
  }
}

TEST_P(TarReaders, RestoreNamesThatLookLikeDrives) {
  // bsdtar needs -P, or it takes the letter off.
  const std::vector<Entry> entries = {file("C:x", 3)};
  save(entries);

  EXPECT_THAT(restored_with(kGnuTar), ElementsAreArray(lines_of(entries)));
  EXPECT_THAT(restored_with("bsdtar -xpPf a.tar -C out --numeric-owner"), ElementsAreArray(lines_of(entries)));
}

TEST_P(TarReaders, FindWhatComesBehindFilesOver8GiB) {
  save_headers({file("large", 9'000'000'000), file("last")});

  const char* const expected = "9000000000 large\n0 last\n";
  EXPECT_EQ(output_of("tar -tvf a.tar | awk '{print $3, $6}'"), expected);
  EXPECT_EQ(output_of("bsdtar -tvf a.tar | awk '{print $5, $9}'"), expected);
  EXPECT_EQ(output_of("/usr/bin/python3 -c \"import tarfile\nfor m in tarfile.open('a.tar'): print(m.size, m.name)\""),
            expected);
}

TEST_P(TarReaders, FindWhatComesBehindSparseFilesWithOver8GiBOfData) {
  // Not Python: it looks for the next header a map too far.
  save_headers({sparse_file("sparse", 30'000'000'000, {{.offset = 4096, .length = 10'000'000'000}}), file("last")});

  const char* const expected = "30000000000 sparse\n0 last\n";
  EXPECT_EQ(output_of("tar -tvf a.tar | awk '{print $3, $6}'"), expected);
  EXPECT_EQ(output_of("bsdtar -tvf a.tar | awk '{print $5, $9}'"), expected);
}

INSTANTIATE_TEST_SUITE_P(InEveryLocale, TarReaders, testing::Values("C", "C.UTF-8"),
                         [](const auto& tested) { return tested.param == "C"s ? "C" : "Utf8"; });

}  // namespace
}  // namespace osbackup::archive
