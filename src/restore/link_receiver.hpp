#pragma once

#include <ctime>
#include <string>

#include "core/error.hpp"
#include "restore/object_sink.hpp"
#include "restore/placement.hpp"
#include "restore/receiver_parts.hpp"

namespace osbackup::restore {

/// Of a hard link, when another object stands where the archive has its first name. Exists.
Error links_to_another(const std::string& target);

/// A hard link on its way into the target. It gets neither metadata nor content, should a tar repeat it: what it links
/// to has them. It links to nothing but what this run restored, or found to be as the archive has it: Exists when
/// another object stands there.
class LinkReceiver final : public Receiver {
 public:
  /// `target` is a path in the target that was checked (check_paths).
  LinkReceiver(const ReceiverParts& parts, TargetPlace place, std::string target)
      : parts_(parts), placement_(parts.tree, parts.replacements, std::move(place)), target_(std::move(target)) {}

  void begin(const archive::Entry& entry) override { mtime_ = entry.mtime; }
  void write(std::uint64_t /*offset*/, std::span<const std::byte> /*content*/) override {}
  void finish() override;

 private:
  const ReceiverParts& parts_;
  Placement placement_;
  std::string target_;
  timespec mtime_{};  ///< Of the object, whatever its name.
};

}  // namespace osbackup::restore
