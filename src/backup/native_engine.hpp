#pragma once

#include "archive/gzip_member.hpp"
#include "backup/engine.hpp"

namespace osbackup::backup {

/// Writes the archive itself, on every core: a standard zip of standard `.tar.gz` files that is seekable besides
/// (docs/format.md). One run at a time.
class NativeEngine final : public Engine {
 public:
  explicit NativeEngine(archive::Compression compression) : compression_(compression) {}

  MadeArchive make(const ArchivePlan& plan, RunObserver observer, Spool& spool, std::stop_token stop) override;

 private:
  archive::Compression compression_;
};

}  // namespace osbackup::backup
