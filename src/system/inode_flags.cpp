#include "system/inode_flags.hpp"

#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace osbackup::system {
namespace {

struct FlagLetter {
  unsigned flag;
  char letter;
};

/// The flags that chattr(1) can set, with its letters, in their order.
constexpr std::array kFlagLetters = {
    FlagLetter{FS_NOATIME_FL, 'A'},     FlagLetter{FS_NOCOW_FL, 'C'},        FlagLetter{FS_DIRSYNC_FL, 'D'},
    FlagLetter{FS_PROJINHERIT_FL, 'P'}, FlagLetter{FS_SYNC_FL, 'S'},         FlagLetter{FS_TOPDIR_FL, 'T'},
    FlagLetter{FS_APPEND_FL, 'a'},      FlagLetter{FS_COMPR_FL, 'c'},        FlagLetter{FS_NODUMP_FL, 'd'},
    FlagLetter{FS_IMMUTABLE_FL, 'i'},   FlagLetter{FS_JOURNAL_DATA_FL, 'j'}, FlagLetter{FS_NOCOMP_FL, 'm'},
    FlagLetter{FS_SECRM_FL, 's'},       FlagLetter{FS_NOTAIL_FL, 't'},       FlagLetter{FS_UNRM_FL, 'u'}};

/// 0 for a letter that is none.
unsigned flag_of(char letter) {
  const auto* const known = std::find_if(kFlagLetters.begin(), kFlagLetters.end(),
                                         [&](const FlagLetter& flag) { return flag.letter == letter; });
  return known == kFlagLetters.end() ? 0 : known->flag;
}

/// 0, or errno's value. The kernel reads and writes an int, whatever the requests' names say.
int add_flags(int descriptor, unsigned flags) {
  unsigned value = 0;
  if (ioctl(descriptor, FS_IOC_GETFLAGS, &value) != 0) return errno;
  value |= flags;
  return ioctl(descriptor, FS_IOC_SETFLAGS, &value) == 0 ? 0 : errno;
}

}  // namespace

std::string inode_flags(int descriptor) {
  std::string letters;
  unsigned value = 0;
  if (ioctl(descriptor, FS_IOC_GETFLAGS, &value) != 0 || value == 0) return letters;
  for (const FlagLetter& known : kFlagLetters)
    if ((value & known.flag) != 0) letters += known.letter;
  return letters;
}

std::vector<UnsetFlag> set_inode_flags(int descriptor, std::string_view letters) {
  unsigned all = 0;
  for (const char letter : letters) all |= flag_of(letter);
  const bool knows_all = std::all_of(letters.begin(), letters.end(), [](char letter) { return flag_of(letter) != 0; });
  if (knows_all && add_flags(descriptor, all) == 0) return {};
  // Together they fail for the sake of one that this file system does not have.
  std::vector<UnsetFlag> unset;
  for (const char letter : letters) {
    const unsigned flag = flag_of(letter);
    const int problem = flag == 0 ? EINVAL : add_flags(descriptor, flag);
    if (problem != 0) unset.push_back({.letter = letter, .problem = problem});
  }
  return unset;
}

}  // namespace osbackup::system
