#pragma once

#include <string>

#include "restore/object_metadata.hpp"
#include "restore/object_sink.hpp"
#include "restore/placement.hpp"
#include "restore/receiver_parts.hpp"

namespace osbackup::restore {

/// A symbolic link, a FIFO or a device node on its way into the target: what is made by one call, and never opened.
class NodeReceiver final : public Receiver {
 public:
  NodeReceiver(const ReceiverParts& parts, TargetPlace place)
      : parts_(parts), placement_(parts.tree, parts.replacements, std::move(place)) {}

  void begin(const archive::Entry& entry) override;
  void write(std::uint64_t /*offset*/, std::span<const std::byte> /*content*/) override {}
  void finish() override;

 private:
  bool make(const NamePlace& place) const;

  const ReceiverParts& parts_;
  Placement placement_;
  ObjectMetadata metadata_;
  std::string target_;  ///< Of a symbolic link.
  dev_t device_ = 0;    ///< Of a device node.
};

}  // namespace osbackup::restore
