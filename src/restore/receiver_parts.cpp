#include "restore/receiver_parts.hpp"

namespace osbackup::restore {

mode_t first_mode(const TargetDirectory& directory, const ObjectMetadata& metadata) {
  // Attributes are only taken by what its owner may write to.
  if (!metadata.attributes.empty()) return S_IRUSR | S_IWUSR;
  const mode_t seen_by_others = directory.is_made() ? S_IRWXU | S_IRWXG | S_IRWXO : S_IRWXU;
  return metadata.mode & seen_by_others;
}

}  // namespace osbackup::restore
