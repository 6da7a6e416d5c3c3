#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "archive/acl_kernel_form.hpp"
#include "archive/archive_reader.hpp"
#include "archive/entry.hpp"
#include "restore/entry_stream.hpp"
#include "restore/trouble_log.hpp"

namespace osbackup::restore {

/// The directory, as the index has it, whose tar osbackup gives this name in the zip: `var/lib` for `var/lib.tar.gz`.
/// `.tgz` and `.tar` count as well. Nothing when it is no tar's name, or none that stands for a directory.
std::optional<std::string> directory_of_tar(std::string_view entry_name);

/// Whether a zip entry's name is that of a tar: `.tar.gz`, `.tgz` or `.tar`.
bool is_tar_name(std::string_view entry_name);

/// What is looked for in an archive without an index.
struct SequentialOrder {
  /// As the index would have them. Empty: everything. They say which tars are gone through, no more: entries beside
  /// them are given out too.
  std::vector<std::string> paths;
  archive::IdsOfNames ids;  ///< For ACLs that name users and groups.
  /// Gets what is to be said on the way.
  std::function<void(const Trouble&)> on_trouble;
};

/// The entries of an archive without an index, which the `commands` engine made, or somebody with `tar` and `zip`: tar
/// by tar (`.tar.gz`, `.tgz`, `.tar`), each from its begin to its end, one stream of the archive's bytes. What a zip
/// holds besides is named and passed over. The zip is read by its central directory.
///
/// Where osbackup made the archive, names tell which tars can hold a path, and the others are not read. One thread at a
/// time.
class SequentialEntries final : public EntryStream {
 public:
  /// The archive outlives it.
  SequentialEntries(const archive::ArchiveReader& archive, SequentialOrder order);
  ~SequentialEntries() override;

  /// As EntryStream says. An entry whose names lead elsewhere is Refused in what is said, and not given out.
  ///
  /// A CRC that is wrong is Corrupt behind the last entry of its tar: nobody knows in which the damage is. Where it
  /// lets nothing more be read of a tar, what is lost is said at once, or by the call behind a read() that failed.
  /// Behind it is the next tar. Usage, which names the remedy, when the zip entry of a tar cannot be read: then the
  /// next call goes on behind that, too.
  std::optional<archive::Entry> next() override;
  std::size_t read(std::span<std::byte> out) override;
  const std::vector<std::string>& lost_attributes() const override;

  /// Goes to the end of the tar at hand, so that what was read of it is known to be as it was packed. Errors are those
  /// of next(), which goes on with the tar behind it.
  void finish_tar();

  /// The zip entry that the last entry came from: `etc.tar.gz`.
  const std::string& tar_name() const noexcept { return tar_name_; }

 private:
  class Tar;

  template <class Action>
  auto reading(Action action, std::string (SequentialEntries::*meaning)() const);
  std::string cut_off_meaning() const;
  std::string wrong_crc_meaning() const;
  std::optional<archive::Entry> next_in_tar();
  bool make_usable(archive::Entry& entry);
  void say(Trouble::Kind kind, const std::string& path, const std::string& reason) const;

  const archive::ArchiveReader& archive_;
  SequentialOrder order_;
  std::vector<const archive::ZipEntry*> tars_;  ///< Those to come, the next one last.
  std::string tar_name_;
  std::string last_path_;     ///< Of the last entry in this tar; empty before the first.
  bool is_cut_off_ = false;   ///< Whether a read() failed, and it was not said yet what is lost behind it.
  std::unique_ptr<Tar> tar_;  ///< Null between two tars.
};

}  // namespace osbackup::restore
