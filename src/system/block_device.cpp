#include "system/block_device.hpp"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <system_error>
#include <vector>

#include "system/file.hpp"
#include "system/system_error.hpp"

namespace osbackup::system {
namespace {

namespace fs = std::filesystem;

/// Encrypted on logical volumes on RAID on partitions is four; no stack that is in use comes near to this.
constexpr unsigned kLayersMax = 16;
/// And no device has this many below it.
constexpr std::size_t kDevicesMax = 1024;

bool says_rotating(const fs::path& disk) {
  constexpr std::uint64_t kFlagBytesMax = 16;
  const fs::path flag = disk / "queue" / "rotational";
  return system::exists(flag) && read_file(flag, kFlagBytesMax).starts_with('1');
}

bool is_rotating_at(const fs::path& device) {
  std::vector<fs::path> layer = {fs::canonical(device)};
  for (unsigned depth = 0; depth < kLayersMax && !layer.empty() && layer.size() <= kDevicesMax; ++depth) {
    std::vector<fs::path> below;
    for (const fs::path& member : layer) {
      const fs::path real = system::exists(member / "partition") ? member.parent_path() : member;
      const std::size_t before = below.size();
      if (system::exists(real / "slaves"))
        for (const std::string& name : list_directory(real / "slaves"))
          below.push_back(fs::canonical(real / "slaves" / name));
      if (below.size() == before && says_rotating(real)) return true;
    }
    // Several volumes on one disk ask it once.
    std::sort(below.begin(), below.end());
    below.erase(std::unique(below.begin(), below.end()), below.end());
    layer = std::move(below);
  }
  return false;
}

}  // namespace

bool is_rotating(dev_t device, const fs::path& sys) {
  try {
    const fs::path link = sys / "dev" / "block" / fmt::format("{}:{}", major(device), minor(device));
    return system::exists(link) && is_rotating_at(link);
  } catch (const Error&) {
    // A disk can be unplugged between two questions. The answer only chooses an order of reading.
    return false;
  } catch (const fs::filesystem_error&) {
    return false;
  }
}

}  // namespace osbackup::system
