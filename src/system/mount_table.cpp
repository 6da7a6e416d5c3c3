#include "system/mount_table.hpp"

#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "system/file.hpp"

namespace osbackup::system {
namespace {

constexpr std::uint64_t kMountinfoBytesMax = 64U << 20U;
constexpr std::ptrdiff_t kWordsBeforeTags = 6;

constexpr std::array<std::string_view, 27> kVirtualTypes = {
    "autofs",   "bdev",     "binfmt_misc", "bpf",        "cgroup",    "cgroup2", "configfs", "debugfs", "devpts",
    "devtmpfs", "efivarfs", "fusectl",     "hugetlbfs",  "mqueue",    "nsfs",    "pipefs",   "proc",    "pstore",
    "ramfs",    "rootfs",   "rpc_pipefs",  "securityfs", "selinuxfs", "sockfs",  "sysfs",    "tmpfs",   "tracefs"};
constexpr std::array<std::string_view, 16> kNetworkTypes = {"9p",   "afs",       "beegfs", "ceph",   "cifs",  "coda",
                                                            "gfs2", "glusterfs", "gpfs",   "lustre", "ncpfs", "nfs",
                                                            "nfs4", "ocfs2",     "smb3",   "smbfs"};

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::optional<dev_t> parse_device(std::string_view text) {
  unsigned major_number = 0;
  unsigned minor_number = 0;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, major_number);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != ':') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, minor_number);
  if (second.ec != std::errc{} || second.ptr != end) return std::nullopt;
  return makedev(major_number, minor_number);
}

/// Undoes the kernel's octal escapes of space, tab, newline and backslash: `\\040`.
std::string unescaped(std::string_view text) {
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '7'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out.empty() ? "/" : out;
}

}  // namespace

MountKind mount_kind(std::string_view type) {
  const auto is_one_of = [&](const auto& types) { return std::find(types.begin(), types.end(), type) != types.end(); };
  if (is_one_of(kVirtualTypes)) return MountKind::Virtual;
  if (is_one_of(kNetworkTypes)) return MountKind::Network;
  // fuseblk is a local disk through a program (NTFS, exFAT).
  if (type == "fuse" || type.starts_with("fuse.")) return MountKind::Fuse;
  return MountKind::Local;
}

MountTable MountTable::current() {
  return MountTable(read_file(std::filesystem::path("/proc/self/mountinfo"), kMountinfoBytesMax));
}

MountTable::MountTable(std::string_view mountinfo) {
  while (!mountinfo.empty()) {
    const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    const std::vector<std::string_view> words = words_of(mountinfo.substr(0, end));
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    // "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS": the number of tags varies.
    if (std::ssize(words) < kWordsBeforeTags) continue;
    const auto dash = std::find(words.begin() + kWordsBeforeTags, words.end(), "-");
    if (dash == words.end() || dash + 1 == words.end()) continue;
    if (const auto device = parse_device(words[2])) {
      const std::string type(*(dash + 1));
      const Mount mount{.type = type, .kind = mount_kind(type)};
      mounts_[*device] = mount;
      // A later line is mounted over an earlier one.
      const std::string point = unescaped(words[4]).substr(1);
      if (mount.kind == MountKind::Network || mount.kind == MountKind::Fuse)
        remote_[point] = mount;
      else
        remote_.erase(point);
    }
  }
}

const Mount* MountTable::find(dev_t device) const {
  const auto found = mounts_.find(device);
  return found == mounts_.end() ? nullptr : &found->second;
}

const Mount* MountTable::remote_at(const std::string& path) const {
  if (remote_.empty()) return nullptr;
  const auto found = remote_.find(path);
  return found == remote_.end() ? nullptr : &found->second;
}

}  // namespace osbackup::system
