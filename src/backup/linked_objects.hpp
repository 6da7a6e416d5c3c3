#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backup/scanner.hpp"
#include "backup/scratch_file.hpp"
#include "crypto/digest.hpp"

namespace osbackup::backup {

/// What all names of one object share: the first in order carries the content, the others are hard links to it.
struct LinkedObject {
  std::uint64_t record = 0;  ///< Which of LinkedObjects it is.
  std::string first_path;
  std::uint64_t size = 0;
};

/// Objects by their identity whose other names are still to come: a hash table with open addressing, since there may
/// be millions. An entry takes 12 bytes, and at most 7 of 8 places are taken. Identities may be taken for one another:
/// whoever looks one up compares. One thread at a time.
class OpenLinkTable {
 public:
  /// What is known of an object.
  struct Entry {
    std::uint32_t hash = 0;
    std::uint32_t names_left = 0;
    std::uint32_t record = 0;  ///< Never 0 in an entry that is there.
  };

  static std::uint32_t hash_of(const ObjectIdentity& identity) noexcept;

  /// The entry with this hash for which `is_it(record)`; nothing when there is none. Valid until the next change.
  template <class Predicate>
  Entry* find(std::uint32_t hash, Predicate is_it) {
    if (entries_.empty()) return nullptr;
    for (std::size_t place = home_of(hash); entries_[place].record != 0; place = next(place))
      if (entries_[place].hash == hash && is_it(entries_[place].record)) return &entries_[place];
    return nullptr;
  }

  void insert(const Entry& entry);
  void erase(const Entry* entry);
  void clear() noexcept;
  std::size_t size() const noexcept { return size_; }

 private:
  std::size_t home_of(std::uint32_t hash) const noexcept { return hash & (entries_.size() - 1); }
  std::size_t next(std::size_t place) const noexcept { return (place + 1) & (entries_.size() - 1); }
  void put(const Entry& entry);

  std::vector<Entry> entries_;  ///< A power of two of them, or none.
  std::size_t size_ = 0;
};

/// The objects with several names of one run. Their paths and digests lie in a file without a name, so that a tree of
/// nothing but hard links takes little memory.
///
/// One thread plans: begin_directory(), take_name() and add(). Another assembles: set_digest() and digest(). Both may
/// be at work at once.
class LinkedObjects {
 public:
  /// The file is made in this directory's file system.
  explicit LinkedObjects(const std::filesystem::path& directory);

  /// Forgets whose names have not all come: hard links are kept inside one configured directory.
  void begin_directory() noexcept { open_.clear(); }

  /// Called for a name of an object with several: the object, if its first name was added. It is forgotten with its
  /// last name. Also when it is not what it was, by type, size or time of modification: when all names of an object
  /// are removed, the file system may give its number to the next.
  std::optional<LinkedObject> take_name(const struct stat& status);

  /// Adds an object with its first name. NoSpace when its file cannot grow.
  LinkedObject add(const struct stat& status, std::string first_path);

  /// Keeps the digest of an object's content for its other names.
  void set_digest(std::uint64_t record, const crypto::Sha256Digest& digest);

  /// The digest that was set, if one was.
  std::optional<crypto::Sha256Digest> digest(std::uint64_t record) const;

 private:
  struct Header;

  static Header header_for(const struct stat& status);
  Header header_of(std::uint64_t record) const;

  ScratchFile records_;
  OpenLinkTable open_;
};

}  // namespace osbackup::backup
