#pragma once

#include <atomic>
#include <cstdint>

#include "restore/object_metadata.hpp"
#include "restore/object_sink.hpp"
#include "restore/placement.hpp"
#include "restore/receiver_parts.hpp"
#include "system/file_descriptor.hpp"

namespace osbackup::restore {

/// A regular file on its way into the target.
class FileReceiver final : public Receiver {
 public:
  FileReceiver(const ReceiverParts& parts, TargetPlace place)
      : parts_(parts), placement_(parts.tree, parts.replacements, std::move(place)) {}

  void begin(const archive::Entry& entry) override;
  void write(std::uint64_t offset, std::span<const std::byte> content) override;
  void forget_content() override;
  void finish() override;
  /// Without what could give it rights, as set-user-ID bits and capabilities: nobody knows what it does.
  std::optional<std::string> keep_damaged(std::uint64_t right_bytes) override;

 private:
  HeldObject held() const;
  void set_size(std::uint64_t bytes);
  void close();

  const ReceiverParts& parts_;
  Placement placement_;
  ObjectMetadata metadata_;
  std::uint64_t size_ = 0;
  std::atomic<std::uint64_t> end_ = 0;  ///< Of what was written.
  system::FileDescriptor file_;
  struct stat status_ {};  ///< As it was made.
};

}  // namespace osbackup::restore
