#include <gmock/gmock.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "archive/gzip_stream.hpp"
#include "archive/tar_reader.hpp"
#include "core/range_source.hpp"
#include "readers/entry_line.hpp"
#include "support/project_file.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"

/// What our reader finds in the tars that GNU tar, bsdtar and Python's tarfile make of a tree.
namespace osbackup::archive {
namespace {

using namespace std::string_literals;
using testing::ElementsAreArray;

IdsOfNames system_ids() {
  return {.user = [](const std::string& name) -> std::optional<std::uint32_t> {
            const passwd* const user = ::getpwnam(name.c_str());
            return user == nullptr ? std::nullopt : std::optional(user->pw_uid);
          },
          .group = [](const std::string& name) -> std::optional<std::uint32_t> {
            const group* const found = ::getgrnam(name.c_str());
            return found == nullptr ? std::nullopt : std::optional(found->gr_gid);
          }};
}

std::string content_of(const Entry& entry, TarReader& tar) {
  std::string stored(stored_bytes(entry), '\0');
  EXPECT_EQ(tar.read(std::as_writable_bytes(std::span(stored))), stored.size());
  EXPECT_EQ(tar.content_left(), 0U);
  if (!entry.sparse) return stored;
  std::string content(entry.size, '\0');
  std::size_t at = 0;
  for (const Extent& extent : entry.extents) {
    content.replace(extent.offset, extent.length, stored, at, extent.length);
    at += extent.length;
  }
  return content;
}

class ForeignTarReaders : public testing::Test {
 protected:
  ForeignTarReaders() { run("mkdir tree"); }

  std::string run(const std::string& script) {
    return test::output_of({.text = script, .directory = folder_.path(), .locale = "C.UTF-8"});
  }
  /// Runs a script in the tree, and gives all of it one time.
  void make_tree(const std::string& script, const std::string& time = "@1600000000") {
    run("cd tree && " + script + "\nfind . -depth -exec touch -h -d " + time + " {} +");
  }
  std::vector<std::string> tree_lines() {
    return split_lines(
        run("/usr/bin/python3 '" + test::project_path("tests/support/file_lines.py").string() + "' tree tree"));
  }

  /// The lines of what the reader finds in the file `a.tar`. A hard link is shown as the file that it is.
  std::vector<std::string> lines_found() {
    const std::string tar = test::content_of(folder_.path() / "a.tar");
    const auto bytes = std::as_bytes(std::span(tar));
    const MemoryRange range({bytes.begin(), bytes.end()});
    RangeSource source(range, {.offset = 0, .length = range.size()});
    if (!tar.starts_with("\x1f\x8b")) return lines_in(source);
    GzipStream stream(source);
    return lines_in(stream);
  }

  void expect_finds_the_tree(const std::string& command) {
    run("rm -f a.tar && " + command);
    EXPECT_THAT(lines_found(), ElementsAreArray(tree_lines())) << command;
  }
  void expect_finds_the_tree_of_each(const std::vector<std::string>& commands) {
    for (const std::string& command : commands) expect_finds_the_tree(command);
  }

  std::size_t sparse_files_found_ = 0;

 private:
  std::vector<std::string> lines_in(ByteSource& source) {
    TarReader tar(source, system_ids());
    std::map<std::string, std::pair<Entry, std::string>> files;
    std::vector<std::string> lines;
    sparse_files_found_ = 0;
    while (auto entry = tar.next()) {
      EXPECT_TRUE(tar.lost_attributes().empty());
      if (entry->path == ".") continue;
      std::string content;
      if (entry->type == EntryType::Hardlink) {
        const std::string path = entry->path;
        const auto& [file, its_content] = files.at(entry->target);
        *entry = file;
        entry->path = path;
        content = its_content;
      } else {
        content = content_of(*entry, tar);
      }
      if (entry->sparse) ++sparse_files_found_;
      for (Attribute& attribute : entry->attributes)
        if (attribute.name == "security.selinux") attribute.value.pop_back();
      lines.push_back(line_of(*entry, content));
      files[entry->path] = {*entry, content};
    }
    EXPECT_TRUE(tar.has_end_records());
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  test::TemporaryFolder folder_;
};

std::string python_tar(const std::string& format) {
  return "/usr/bin/python3 -c \"import tarfile\nwith tarfile.open('a.tar', 'w', format=tarfile." + format +
         ") as tar: tar.add('tree', '.')\"";
}

const char* const kPlainTree =
    "mkdir -p d/sub empty; printf x >d/one; : >d/nothing; head -c 100001 /dev/urandom >d/random;"
    "head -c 1024 /dev/zero >d/zeros; ln -s ../no/where d/link; ln d/one d/second; ln d/one last;"
    "mkfifo d/fifo; mknod d/null c 1 3; mknod d/disk b 259 70000;"
    "printf y >d/set; chown 12345:54321 d/set; chmod 6755 d/set; chmod 1777 empty; chmod 0 d/zeros;"
    "n=$(printf 'n%.0s' $(seq 90)); mkdir $n; printf z >$n/$n; printf ' ' >'d/ blank '";

TEST_F(ForeignTarReaders, FindEverythingThatEveryFormatHolds) {
  make_tree(kPlainTree);
  expect_finds_the_tree_of_each({"tar --format=posix -cf a.tar -C tree .", "tar --format=gnu -cf a.tar -C tree .",
                                 "tar --format=oldgnu -cf a.tar -C tree .", "tar --format=ustar -cf a.tar -C tree .",
                                 "cd tree && tar -b 1 -cf ../a.tar *", "bsdtar --format pax -cf a.tar -C tree .",
                                 "bsdtar --format ustar -cf a.tar -C tree .",
                                 "bsdtar --format gnutar -cf a.tar -C tree .", python_tar("USTAR_FORMAT"),
                                 python_tar("GNU_FORMAT"), python_tar("PAX_FORMAT")});
}

TEST_F(ForeignTarReaders, FindTheOldestFormat) {
  make_tree("mkdir -p d/sub; printf x >d/one; ln d/one d/second; ln -s one d/link");
  expect_finds_the_tree_of_each({"tar --format=v7 -cf a.tar -C tree .", "bsdtar --format v7tar -cf a.tar -C tree ."});
}

TEST_F(ForeignTarReaders, FindThemCompressed) {
  make_tree(kPlainTree);
  expect_finds_the_tree_of_each(
      {"tar -czf a.tar -C tree .", "tar -cf a.tar -I pigz -C tree .", "bsdtar -czf a.tar -C tree ."});
}

TEST_F(ForeignTarReaders, FindLongNamesAndLargeNumbers) {
  make_tree(
      "n=$(printf 'n%.0s' $(seq 200)); mkdir -p $n/$n/$n; printf x >$n/$n/$n/file; ln $n/$n/$n/file $n/second;"
      "ln -s $n/$n/$n/$n/$n link; printf y >large; chown 4294967294:4294967294 large;"
      "printf z >\"$(printf '\\377\\001')\"; printf z >'\303\251'");
  expect_finds_the_tree_of_each({"tar --format=posix -cf a.tar -C tree .", "tar --format=gnu -cf a.tar -C tree .",
                                 "tar --format=oldgnu -cf a.tar -C tree .",
                                 "bsdtar --format gnutar -cf a.tar -C tree .", python_tar("GNU_FORMAT"),
                                 python_tar("PAX_FORMAT"), "tar --format=posix --label=volume -cf a.tar -C tree .",
                                 "tar --format=gnu --label=volume -cf a.tar -C tree ."});
}

TEST_F(ForeignTarReaders, FindTimesWithNanosecondsAndBefore1970) {
  make_tree("printf x >file; mkdir folder", "@1600000000.123456789");
  expect_finds_the_tree_of_each({"tar --format=posix -cf a.tar -C tree .", "bsdtar --format pax -cf a.tar -C tree ."});
  make_tree("true", "@-1.5");
  expect_finds_the_tree("tar --format=posix -cf a.tar -C tree .");
  make_tree("true", "@-100000");
  expect_finds_the_tree_of_each({"tar --format=posix -cf a.tar -C tree .", "tar --format=gnu -cf a.tar -C tree .",
                                 "bsdtar --format pax -cf a.tar -C tree ."});
}

TEST_F(ForeignTarReaders, FindWhatGlobalHeadersSay) {
  make_tree("printf x >file; mkdir folder");
  expect_finds_the_tree(
      "tar --format=posix --pax-option='globexthdr.name=g,mtime=1600000000,comment=a note' -cf a.tar -C "
      "tree .");
}

TEST_F(ForeignTarReaders, FindSparseFilesInEveryWayOfGnuTar) {
  make_tree(
      "truncate -s 1M 'all hole'; truncate -s 5M tail; printf data | dd of=tail conv=notrunc bs=4 seek=100000 "
      "status=none;"
      "for i in $(seq 0 59); do printf $i-data | dd of=many bs=8192 seek=$((i * 3)) conv=notrunc status=none; done;"
      "truncate -s 1000001 many; printf whole >whole");
  for (const std::string& format : {"posix --sparse-version=1.0"s, "posix --sparse-version=0.1"s,
                                    "posix --sparse-version=0.0"s, "gnu"s, "oldgnu"s}) {
    expect_finds_the_tree("tar --sparse --hole-detection=raw -cf a.tar -C tree --format=" + format + " .");
    EXPECT_EQ(sparse_files_found_, 3U) << format;
  }
  expect_finds_the_tree("bsdtar --format pax -cf a.tar -C tree .");
  EXPECT_GE(sparse_files_found_, 1U);
}

TEST_F(ForeignTarReaders, FindAttributesAndAcls) {
  make_tree(R"(mkdir shared; for f in noted listed capable; do printf x >$f; done
chmod 640 listed
/usr/bin/python3 - <<'end'
import os, struct
def acl(*entries): return struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *entry) for entry in entries)
none = 0xFFFFFFFF
access = acl((1, 6, none), (2, 4, 1), (2, 7, 2147483647), (4, 4, none), (8, 5, 2), (16, 4, none), (32, 0, none))
os.setxattr('listed', 'system.posix_acl_access', access)
os.setxattr('shared', 'system.posix_acl_default', access)
os.setxattr('noted', 'user.binary', b'\0\n=\xff\0')
os.setxattr('noted', 'user.empty', b'')
os.setxattr('noted', 'user.a=b%', b'encoded')
os.setxattr('noted', 'user.long', b'v' * 200)
os.setxattr('shared', 'trusted.overlay.opaque', b'y')
os.setxattr('capable', 'security.capability', struct.pack('<IIIII', 0x2000001, 0x400, 0, 0, 0))
end)");
  expect_finds_the_tree_of_each(
      {"tar --format=posix --xattrs --xattrs-include='*' --acls --selinux -cf a.tar -C tree .",
       "tar --format=posix --xattrs --xattrs-include='*' --acls --selinux --numeric-owner -cf a.tar -C tree ."});
  run("/usr/bin/python3 -c \"import os; os.removexattr('tree/noted', 'user.a=b%')\"");
  expect_finds_the_tree("bsdtar --format pax --acls --xattrs -cf a.tar -C tree .");
}

}  // namespace
}  // namespace osbackup::archive
