#include "storage/server_destination.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "core/error.hpp"
#include "storage/object_name.hpp"

namespace osbackup::storage {

using transport::FileSession;

class ServerDestination::ServerUpload final : public Upload {
 public:
  ServerUpload(ServerDestination& destination, const std::string& name)
      : destination_(destination), path_(destination.path_of(name)), session_(destination.take_session()) {
    try {
      session_->begin_upload(path_, 0);
    } catch (const Error& error) {
      const bool is_refused = error.kind() == ErrorKind::Denied || error.kind() == ErrorKind::NotFound;
      if (!is_refused || destination_.directory_.empty()) throw;
      // Usually because the directory is missing; if it is not that, the second refusal says it again.
      session_->make_directories(destination_.directory_);
      session_->begin_upload(path_, 0);
    }
  }

  ~ServerUpload() override {
    if (committed_) {
      destination_.give_back(std::move(session_));
      return;
    }
    session_->begin_cleanup();
    session_->cancel_upload();
    try {
      session_->remove(path_);
    } catch (const Error&) {
      // The server cannot be reached or forbids it; nothing better can be done with an upload that is given up.
    }
  }

  void append(std::span<const std::byte> bytes) override {
    assert(!committed_ && !position_is_unknown_);
    position_is_unknown_ = true;
    given_bytes_ = std::max(given_bytes_, position_ + bytes.size());
    if (!session_->is_uploading()) session_->begin_upload(path_, position_);
    session_->append(bytes);
    position_ += bytes.size();
    position_is_unknown_ = false;
  }

  std::uint64_t stored() override {
    position_is_unknown_ = true;
    if (session_->is_uploading()) session_->finish_upload();
    const std::uint64_t held = session_->size(path_).value_or(0);
    if (held > given_bytes_) {
      // After a broken connection the server may still have written what was on its way, behind the point from which
      // we went on. Then only a new start helps.
      session_->remove(path_);
      throw Error(ErrorKind::Unavailable, fmt::format("upload {}: the server holds {} bytes of the {} that were sent; "
                                                      "the upload begins anew",
                                                      path_, held, given_bytes_));
    }
    position_ = std::min(held, session_->taken_bytes());
    given_bytes_ = held;
    position_is_unknown_ = false;
    return position_;
  }

  void read(std::uint64_t offset, std::span<std::byte> out) override {
    assert(!session_->is_uploading());
    ++destination_.reads_;
    session_->read(path_, offset, out);
  }

  void commit(const std::string& name) override {
    assert(!committed_ && !position_is_unknown_);
    require_object_name(name);
    const std::uint64_t sent_bytes = position_;
    if (stored() != sent_bytes || given_bytes_ != sent_bytes)
      throw Error(ErrorKind::Unavailable,
                  fmt::format("publish {}: the server holds {} of {} bytes", name, position_, sent_bytes));
    const std::string target = destination_.path_of(name);
    const std::scoped_lock lock(destination_.publishing_);
    // Servers such as vsftpd replace an existing file without a word.
    if (session_->size(target))
      throw Error(ErrorKind::Exists, "publish " + name + ": an object of that name exists already");
    session_->rename(path_, target);
    committed_ = true;
  }

 private:
  ServerDestination& destination_;
  std::string path_;
  std::unique_ptr<FileSession> session_;
  std::uint64_t position_ = 0;     ///< Where the next bytes go; the server may hold more, which is written again.
  std::uint64_t given_bytes_ = 0;  ///< The most that the server can hold.
  bool position_is_unknown_ = false;
  bool committed_ = false;
};

/// Gives its session back as soon as the last byte is read, and when it is given up with the login still good.
class ServerDestination::ServerStream final : public ByteSource {
 public:
  ServerStream(ServerDestination& destination, const transport::FileRange& range)
      : destination_(destination),
        session_(destination.take_session()),
        bytes_(session_->stream(range)),
        left_bytes_(range.length) {
    give_back_at_end();
  }

  ~ServerStream() override { give_back(); }

  std::size_t read(std::span<std::byte> out) override {
    if (!bytes_) return 0;
    const std::size_t count = bytes_->read(out);
    left_bytes_ -= count;
    give_back_at_end();
    return count;
  }

 private:
  void give_back_at_end() {
    if (left_bytes_ == 0) give_back();
  }

  void give_back() noexcept {
    bytes_.reset();
    if (session_) destination_.give_back(std::move(session_));
  }

  ServerDestination& destination_;
  std::unique_ptr<FileSession> session_;
  std::unique_ptr<ByteSource> bytes_;  ///< Uses the session.
  std::uint64_t left_bytes_;
};

ServerDestination::ServerDestination(Login login, std::string directory)
    : login_(std::move(login)), directory_(std::move(directory)) {
  while (directory_.size() > 1 && directory_.ends_with('/')) directory_.pop_back();
}

ServerDestination::~ServerDestination() = default;

std::unique_ptr<FileSession> ServerDestination::take_session() {
  const std::scoped_lock lock(mutex_);
  if (idle_.empty()) return login_(traffic_);
  std::unique_ptr<FileSession> session = std::move(idle_.back());
  idle_.pop_back();
  return session;
}

void ServerDestination::give_back(std::unique_ptr<FileSession> session) noexcept {
  constexpr std::size_t kIdleMax = 2;
  if (!session->is_logged_in()) return;  // It would hide one that is.
  const std::scoped_lock lock(mutex_);
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(session));
}

std::string ServerDestination::path_of(const std::string& name) const { return transport::path_in(directory_, name); }

std::unique_ptr<Upload> ServerDestination::begin(const std::string& temporary_name) {
  require_object_name(temporary_name);
  return std::make_unique<ServerUpload>(*this, temporary_name);
}

void ServerDestination::read(const std::string& name, std::uint64_t offset, std::span<std::byte> out) {
  require_object_name(name);
  ++reads_;
  std::unique_ptr<FileSession> session = take_session();
  session->read(path_of(name), offset, out);
  give_back(std::move(session));
}

std::unique_ptr<ByteSource> ServerDestination::stream(const std::string& name, std::uint64_t offset,
                                                      std::uint64_t length) {
  require_object_name(name);
  ++reads_;
  return std::make_unique<ServerStream>(
      *this, transport::FileRange{.path = path_of(name), .offset = offset, .length = length});
}

std::vector<ObjectInfo> ServerDestination::list(const std::string& prefix) {
  std::unique_ptr<FileSession> session = take_session();
  const std::vector<transport::StoredFile> files = session->list(
      directory_, [&](const std::string& name) { return is_object_name(name) && name.starts_with(prefix); });
  give_back(std::move(session));

  std::vector<ObjectInfo> found;
  found.reserve(files.size());
  for (const transport::StoredFile& file : files) found.push_back({.name = file.name, .bytes = file.bytes});
  std::sort(found.begin(), found.end(), [](const ObjectInfo& a, const ObjectInfo& b) { return a.name < b.name; });
  return found;
}

void ServerDestination::remove(const std::string& name) {
  require_object_name(name);
  std::unique_ptr<FileSession> session = take_session();
  session->remove(path_of(name));
  give_back(std::move(session));
}

Traffic ServerDestination::traffic() const {
  return {.logins = traffic_.logins, .reads = reads_, .bytes_read = traffic_.bytes_read};
}

}  // namespace osbackup::storage
