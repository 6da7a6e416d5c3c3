#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "storage/destination.hpp"
#include "transport/ftp_session.hpp"

namespace osbackup::storage {

/// The files of one directory of an FTP server; the directory is made when the first object is begun.
///
/// An upload whose connection broke goes on where the server's file ends (APPE). FTP has no rename that spares an
/// existing file: commit() looks whether the name is free first, so it does not protect against another host that
/// publishes the same name in the same moment. Thread-safe: every thread gets a connection of its own, as does every
/// stream. A read that ends before its object does costs a login: FTP has no other way to stop a transfer that libcurl
/// would know.
class FtpDestination final : public Destination {
 public:
  /// `directory` is relative to the one that the login begins in, unless it begins with a slash; empty is that one.
  /// After `stop` every function throws Cancelled, but abandoned uploads are still removed.
  FtpDestination(transport::FtpSettings settings, std::string directory, std::stop_token stop = {});
  ~FtpDestination() override;

  std::unique_ptr<Upload> begin(const std::string& temporary_name) override;
  void read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) override;
  std::unique_ptr<ByteSource> stream(const std::string& name, std::uint64_t offset, std::uint64_t length) override;
  std::vector<ObjectInfo> list(const std::string& prefix) override;
  void remove(const std::string& name) override;
  Traffic traffic() const override;

 private:
  class FtpUpload;
  class FtpStream;

  std::unique_ptr<transport::FtpSession> take_session();
  void give_back(std::unique_ptr<transport::FtpSession> session);
  std::string path_of(const std::string& name) const;

  transport::FtpSettings settings_;
  std::string directory_;
  std::stop_token stop_;
  std::mutex publishing_;  ///< Held from the look for a free name to the rename.
  transport::FtpTraffic traffic_;
  std::atomic<std::uint64_t> reads_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<transport::FtpSession>> idle_;  ///< Guarded by mutex_.
};

}  // namespace osbackup::storage
