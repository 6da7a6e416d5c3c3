#pragma once

#include "restore/metadata_writer.hpp"
#include "restore/replacements.hpp"
#include "restore/sink_counts.hpp"
#include "restore/target_tree.hpp"
#include "system/beneath.hpp"

namespace osbackup::restore {

/// What the receivers of one sink share; all of it outlives them, and is thread-safe.
struct ReceiverParts {
  const system::Beneath& target;
  TargetTree& tree;
  Replacements& replacements;
  MetadataWriter& metadata;
  SinkCounter& counter;
};

/// The permissions that an object is made with: those that it gets in the end, as far as nobody can use them before it
/// belongs to whom it should.
mode_t first_mode(const TargetDirectory& directory, const ObjectMetadata& metadata);

}  // namespace osbackup::restore
