#pragma once

#include "restore/object_metadata.hpp"
#include "restore/object_sink.hpp"
#include "restore/receiver_parts.hpp"

namespace osbackup::restore {

/// A directory that was made, and gets its metadata when everything below it is done.
class DirectoryReceiver final : public Receiver {
 public:
  /// `keeps`: it was there before, and stays as it is.
  DirectoryReceiver(const ReceiverParts& parts, DirectoryUse directory, bool keeps)
      : parts_(parts), directory_(std::move(directory)), keeps_(keeps) {}
  DirectoryReceiver(const DirectoryReceiver&) = delete;
  DirectoryReceiver& operator=(const DirectoryReceiver&) = delete;
  ~DirectoryReceiver() override;

  void begin(const archive::Entry& entry) override;
  void write(std::uint64_t /*offset*/, std::span<const std::byte> /*content*/) override {}
  void finish() override;

 private:
  const ReceiverParts& parts_;
  DirectoryUse directory_;
  bool keeps_;
  bool is_finished_ = false;
  ObjectMetadata metadata_;
};

}  // namespace osbackup::restore
