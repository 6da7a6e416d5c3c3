#include "system/mount_table.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace osbackup::system {
namespace {

std::string type_of(const MountTable& table, unsigned major_number, unsigned minor_number) {
  const Mount* mount = table.find(makedev(major_number, minor_number));
  return mount == nullptr ? "none" : mount->type;
}

TEST(MountTable, ReadsLinesWithAnyNumberOfTags) {
  const MountTable table(
      "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n"
      "23 22 0:21 / /proc rw shared:5 - proc proc rw\n"
      "24 22 0:45 / /mnt/n rw shared:7 master:3 propagate_from:2 unbindable - nfs4 host:/x rw,vers=4.2\n");
  EXPECT_EQ(type_of(table, 8, 1), "ext4");
  EXPECT_EQ(type_of(table, 0, 21), "proc");
  EXPECT_EQ(type_of(table, 0, 45), "nfs4");
  EXPECT_EQ(table.find(makedev(0, 45))->kind, MountKind::Network);
  EXPECT_EQ(type_of(table, 8, 2), "none");
}

TEST(MountTable, ReadsEscapedNamesAndALastLineWithoutItsEnd) {
  const MountTable table(
      "30 22 8:17 /a\\040b /media/My\\040Disk\\012\\134 rw - vfat /dev/disk\\040x rw\n"
      "31 22 0:50 /- /- rw - fuse.sshfs user@host:/\\040dir rw");
  EXPECT_EQ(type_of(table, 8, 17), "vfat");
  EXPECT_EQ(type_of(table, 0, 50), "fuse.sshfs");
}

TEST(MountTable, TakesTheUppermostOfSeveralMountsOfOneDevice) {
  const MountTable table("1 0 8:1 / / rw - ext4 a rw\n2 1 8:1 /sub /other rw - ext4 a rw\n");
  EXPECT_EQ(type_of(table, 8, 1), "ext4");
}

TEST(MountTable, KnowsWhereNetworkAndFuseFileSystemsAreMounted) {
  const MountTable table(
      "40 1 0:50 / /home/a\\040b rw - fuse.sshfs host: rw\n"
      "41 1 0:51 / /srv rw - nfs4 server:/x rw\n"
      "42 1 0:52 / /proc rw - proc proc rw\n"
      "43 1 8:1 / /srv rw - ext4 /dev/sda1 rw\n");

  ASSERT_NE(table.remote_at("home/a b"), nullptr);
  EXPECT_EQ(table.remote_at("home/a b")->type, "fuse.sshfs");
  EXPECT_EQ(table.remote_at("proc"), nullptr);
  EXPECT_EQ(table.remote_at("srv"), nullptr) << "a local file system was mounted over it";
}

TEST(MountTable, PassesOverLinesOfAnotherForm) {
  const MountTable table(
      "\n \n-\n- -\n1 2 3:4\n1 2 3:4 -\n1 - 3:4 x y z w v\n1 2 - 3:4 ext4 x y\n1 2 3:4 / / rw\n1 2 3:4 / / rw -\n"
      "1 2 3 / / rw - ext4 x rw\n1 2 :4 / / rw - ext4 x rw\n1 2 3: / / rw - ext4 x rw\n"
      "1 2 3:4x / / rw - ext4 x rw\n1 2 99999999999:4 / / rw - ext4 x rw\n1 2 -3:4 / / rw - ext4 x rw\n"
      "1 2 5:6 / / rw - xfs x rw\n");
  EXPECT_EQ(type_of(table, 3, 4), "none");
  EXPECT_EQ(type_of(table, 5, 6), "xfs");
}

TEST(MountTable, KnowsTheFileSystemsThatAreMountedNow) {
  const MountTable table = MountTable::current();
  struct stat status {};
  ASSERT_EQ(stat("/proc/self", &status), 0);
  const Mount* proc = table.find(status.st_dev);
  ASSERT_NE(proc, nullptr);
  EXPECT_EQ(proc->type, "proc");
  EXPECT_EQ(proc->kind, MountKind::Virtual);
}

TEST(MountKind, TellsDisksFromWhatIsNotABackups) {
  for (const char* type : {"ext4", "xfs", "btrfs", "vfat", "zfs", "overlay", "fuseblk", "ntfs3", "squashfs", ""})
    EXPECT_EQ(mount_kind(type), MountKind::Local) << type;
  for (const char* type : {"proc", "sysfs", "tmpfs", "devtmpfs", "cgroup2", "autofs", "ramfs"})
    EXPECT_EQ(mount_kind(type), MountKind::Virtual) << type;
  for (const char* type : {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph"})
    EXPECT_EQ(mount_kind(type), MountKind::Network) << type;
  for (const char* type : {"fuse", "fuse.sshfs", "fuse.s3fs"}) EXPECT_EQ(mount_kind(type), MountKind::Fuse) << type;
}

}  // namespace
}  // namespace osbackup::system
