#include "backup/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/error.hpp"
#include "crypto/digest.hpp"
#include "crypto/random.hpp"

namespace osbackup::backup {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20U;
constexpr std::size_t kTailBytes = 128U << 10U;
constexpr unsigned kSamples = 8;
constexpr unsigned kNamesMax = 60;

/// One archive on its way: knows how far it is and goes on from what the far side holds.
class Transfer {
 public:
  Transfer(const DeliveryOrder& order, storage::Upload& upload, Progress& progress, std::stop_token stop)
      : order_(order), upload_(upload), progress_(progress), stop_(std::move(stop)), buffer_(kPieceBytes) {}

  /// Until the far side holds all of it.
  void run() {
    unsigned attempt = 1;
    std::uint64_t furthest = 0;
    for (;;) {
      try {
        if (resuming_) offset_ = held_by_far_side();
        send_rest();
        if (held_by_far_side() == order_.archive.size()) return;
        throw Error(ErrorKind::Unavailable,
                    fmt::format("the destination holds {} of {} bytes", offset_, order_.archive.size()));
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable) throw;
        // Progress since the last failure earns a new set of attempts.
        if (offset_ > furthest) attempt = 1;
        furthest = std::max(furthest, offset_);
        if (attempt >= order_.retry.attempts_max) throw;
        order_.on_trouble(
            fmt::format("{}; attempt {} of {} follows", error.what(), attempt + 1, order_.retry.attempts_max));
        order_.retry.wait(order_.retry.pause_after(attempt));
        ++attempt;
        resuming_ = true;
      }
    }
  }

  std::string sha256() { return crypto::to_hex(digest_.finish()); }

 private:
  std::uint64_t held_by_far_side() {
    offset_ = upload_.stored();
    if (offset_ > order_.archive.size())
      throw Error(ErrorKind::Corrupt,
                  fmt::format("the destination holds {} bytes of an archive of {}", offset_, order_.archive.size()));
    return offset_;
  }

  void send_rest() {
    while (offset_ < order_.archive.size()) {
      if (stop_.stop_requested()) throw Error(ErrorKind::Cancelled, "the upload was stopped");
      const std::span<std::byte> piece(buffer_.data(),
                                       std::min<std::uint64_t>(buffer_.size(), order_.archive.size() - offset_));
      order_.archive.read(offset_, piece);
      digest_up_to(piece);
      upload_.append(piece);
      offset_ += piece.size();
      progress_.sent_bytes = offset_;
    }
  }

  /// Each byte counts once, also when it is sent twice.
  void digest_up_to(std::span<const std::byte> piece) {
    const std::uint64_t end = offset_ + piece.size();
    if (end <= digested_) return;
    digest_.update(piece.subspan(static_cast<std::size_t>(digested_ - offset_)));
    digested_ = end;
  }

  const DeliveryOrder& order_;
  storage::Upload& upload_;
  Progress& progress_;
  std::stop_token stop_;
  std::vector<std::byte> buffer_;
  crypto::Sha256 digest_;
  std::uint64_t offset_ = 0;
  std::uint64_t digested_ = 0;
  bool resuming_ = false;
};

void compare(const DeliveryOrder& order, storage::Upload& upload, std::uint64_t offset, std::size_t length) {
  std::vector<std::byte> sent(length);
  std::vector<std::byte> stored(length);
  order.archive.read(offset, sent);
  with_retries(order.retry, order.on_trouble, [&] { upload.read(offset, stored); });
  if (sent != stored)
    throw Error(ErrorKind::Corrupt,
                fmt::format("what the destination stored differs from what was sent, between byte {} and {}", offset,
                            offset + length));
}

/// Reads back the end, where the archive's directory is, and random pieces. False when the destination forbids reading.
bool verify(const DeliveryOrder& order, storage::Upload& upload, const std::stop_token& stop) {
  const std::uint64_t size = order.archive.size();
  try {
    const std::uint64_t tail = std::min<std::uint64_t>(size, kTailBytes);
    compare(order, upload, size - tail, static_cast<std::size_t>(tail));
    const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(size, kPieceBytes));
    // A small archive is read whole, once.
    const unsigned samples = size <= kPieceBytes ? 1 : kSamples;
    for (unsigned i = 0; i < samples; ++i) {
      if (stop.stop_requested()) throw Error(ErrorKind::Cancelled, "the upload was stopped");
      compare(order, upload, crypto::random_below(size - length + 1), length);
    }
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Denied) throw;
    order.on_trouble(fmt::format("the archive cannot be read back and compared: {}", error.what()));
    return false;
  }
}

}  // namespace

void Delivery::remove_leftovers(const std::function<void(const std::string&)>& on_trouble) {
  const std::vector<std::string> names = state_.temporary_names();
  for (const std::string& name : names) {
    try {
      destination_.remove(name);
      state_.forget_temporary_name(name);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
      on_trouble(fmt::format("the remains of an earlier upload stay for now: {}", error.what()));
      // Where one login fails, the others would as well.
      if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::LoginRefused) return;
    }
  }
}

/// The state only helps to clean up: a disk that is full must not stop a delivery.
void Delivery::remember(const std::string& temporary_name, const DeliveryOrder& order) {
  try {
    state_.remember_temporary_name(temporary_name);
  } catch (const Error& error) {
    order.on_trouble(error.what());
  }
}

void Delivery::forget(const std::string& temporary_name, const DeliveryOrder& order) {
  try {
    state_.forget_temporary_name(temporary_name);
  } catch (const Error& error) {
    order.on_trouble(error.what());
  }
}

std::optional<Delivered> Delivery::find_published(const DeliveryOrder& order) {
  const std::uint64_t size = order.archive.size();
  std::vector<std::byte> ours(static_cast<std::size_t>(std::min<std::uint64_t>(size, kTailBytes)));
  std::vector<std::byte> theirs(ours.size());
  order.archive.read(size - ours.size(), ours);
  archive::ArchiveName name = order.name;
  // The names that publish() would have tried, up to the first that is free.
  for (unsigned attempt = 0; attempt < kNamesMax; ++attempt, name = name.next()) {
    const std::vector<storage::ObjectInfo> found = destination_.list(name.text());
    const auto same = std::find_if(found.begin(), found.end(),
                                   [&](const storage::ObjectInfo& object) { return object.name == name.text(); });
    if (same == found.end()) return std::nullopt;
    if (same->bytes != size) continue;
    try {
      destination_.read(name.text(), size - theirs.size(), theirs);
    } catch (const Error& error) {
      // It cannot be told: a second copy does less harm than none.
      if (error.kind() != ErrorKind::Denied) throw;
      return std::nullopt;
    }
    // The end of an archive names the run that made it.
    if (ours == theirs)
      return Delivered{.name = name, .sha256 = crypto::to_hex(crypto::sha256(order.archive)), .verified = true};
  }
  return std::nullopt;
}

bool Delivery::is_published(const DeliveryOrder& order, const archive::ArchiveName& name) {
  const std::string temporary = archive::temporary_name(order.name, order.run_id);
  const std::vector<storage::ObjectInfo> found = destination_.list(name.text());
  const auto stands_there = [&](const std::string& text) {
    return std::find(found.begin(), found.end(), storage::ObjectInfo{text, order.archive.size()}) != found.end();
  };
  return stands_there(name.text()) && !stands_there(temporary);
}

archive::ArchiveName Delivery::publish(const DeliveryOrder& order, storage::Upload& upload) {
  archive::ArchiveName name = order.name;
  bool in_doubt = false;
  const auto on_trouble = [&](const std::string& message) {
    // The rename may have been done and only its answer lost.
    in_doubt = true;
    order.on_trouble(message);
  };
  for (unsigned attempt = 1;; ++attempt) {
    try {
      with_retries(order.retry, on_trouble, [&] {
        if (!in_doubt || !is_published(order, name)) upload.commit(name.text());
      });
      return name;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Exists || attempt == kNamesMax) throw;
      name = name.next();
    }
  }
}

Delivered Delivery::send(const DeliveryOrder& order, const std::stop_token& stop) {
  const std::string temporary = archive::temporary_name(order.name, order.run_id);
  progress_.sent_bytes = 0;
  progress_.total_bytes = order.archive.size();
  progress_.stage = Stage::Uploading;
  if (order.may_be_published) {
    const auto found = with_retries(order.retry, order.on_trouble, [&] { return find_published(order); });
    if (found) return *found;
  }
  remember(temporary, order);
  const std::unique_ptr<storage::Upload> upload =
      with_retries(order.retry, order.on_trouble, [&] { return destination_.begin(temporary); });
  Transfer transfer(order, *upload, progress_, stop);
  transfer.run();
  progress_.stage = Stage::Verifying;
  const std::string sha256 = transfer.sha256();
  const bool verified = verify(order, *upload, stop);
  const archive::ArchiveName name = publish(order, *upload);
  forget(temporary, order);
  return {.name = name, .sha256 = sha256, .verified = verified};
}

}  // namespace osbackup::backup
