#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/destination.hpp"
#include "transport/file_session.hpp"

namespace osbackup::storage {

/// The files of one directory of a server, whatever the protocol; the directory is made when the first object is begun.
///
/// An upload whose connection broke goes on where the server's file ends, or where what is surely in it does. Not every
/// server has a rename that spares an existing file: commit() looks whether the name is free first. Thread-safe: every
/// thread gets a connection of its own, as does every stream.
class ServerDestination : public Destination {
 public:
  ~ServerDestination() override;

  std::unique_ptr<Upload> begin(const std::string& temporary_name) final;
  void read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) final;
  std::unique_ptr<ByteSource> stream(const std::string& name, std::uint64_t offset, std::uint64_t length) final;
  std::vector<ObjectInfo> list(const std::string& prefix) final;
  void remove(const std::string& name) final;
  Traffic traffic() const final;

 protected:
  /// Makes a session, which need not be logged in yet.
  using Login = std::function<std::unique_ptr<transport::FileSession>(transport::SessionTraffic&)>;

  /// `directory` is relative to the one that the login begins in, unless it begins with a slash; empty is that one.
  ServerDestination(Login login, std::string directory);

 private:
  class ServerUpload;
  class ServerStream;

  std::unique_ptr<transport::FileSession> take_session();
  void give_back(std::unique_ptr<transport::FileSession> session) noexcept;
  std::string path_of(const std::string& name) const;

  Login login_;
  std::string directory_;
  std::mutex publishing_;  ///< Held from the look for a free name to the rename.
  transport::SessionTraffic traffic_;
  std::atomic<std::uint64_t> reads_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<transport::FileSession>> idle_;  ///< Guarded by mutex_.
};

}  // namespace osbackup::storage
