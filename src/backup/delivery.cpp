#include "backup/delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "backup/sent_archive.hpp"
#include "core/error.hpp"
#include "crypto/digest.hpp"

namespace osbackup::backup {
namespace {

constexpr std::size_t kReadBytes = 1U << 20U;
constexpr unsigned kNamesMax = 60;

[[noreturn]] void throw_stopped() { throw Error(ErrorKind::Cancelled, "the upload was stopped"); }

/// One archive on its way: knows how far it is and goes on from what the far side holds.
class Transfer {
 public:
  using Begin = std::function<std::unique_ptr<storage::Upload>()>;

  Transfer(const DeliveryOrder& order, Progress& progress, std::stop_token stop)
      : order_(order), progress_(progress), stop_(std::move(stop)), buffer_(kReadBytes) {}

  /// Until the far side holds all of it. `begin` is called when there is something to send.
  std::unique_ptr<storage::Upload> run(const Begin& begin) {
    std::span<const std::byte> piece = next_piece();
    progress_.sending_since = std::chrono::steady_clock::now();
    upload_ = begin();
    unsigned attempt = 1;
    std::uint64_t furthest = 0;
    for (bool resuming = false;; resuming = true) {
      try {
        if (resuming) {
          offset_ = held_by_far_side();
          piece = next_piece();
        }
        send_from(piece);
        require_all_stored();
        return std::move(upload_);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable) throw;
        require_a_way_back(error);
        // Progress since the last failure earns a new set of attempts.
        if (offset_ > furthest) attempt = 1;
        furthest = std::max(furthest, offset_);
        if (attempt >= order_.retry.attempts_max) throw;
        order_.on_trouble(
            fmt::format("{}; attempt {} of {} follows", error.what(), attempt + 1, order_.retry.attempts_max));
        order_.retry.wait(order_.retry.pause_after(attempt));
        ++attempt;
      }
    }
  }

  const SentArchive& sent() const noexcept { return sent_; }

 private:
  /// Waits for the bytes at the offset; none at the archive's end.
  std::span<const std::byte> next_piece() {
    const std::size_t count = order_.archive.read(offset_, buffer_, stop_);
    if (const auto total = order_.archive.size()) progress_.total_bytes = *total;
    return {buffer_.data(), count};
  }

  void send_from(std::span<const std::byte> piece) {
    for (; !piece.empty(); piece = next_piece()) {
      if (stop_.stop_requested()) throw_stopped();
      sent_.add(offset_, piece);
      upload_->append(piece);
      offset_ += piece.size();
      progress_.sent_bytes = offset_;
    }
  }

  std::uint64_t held_by_far_side() {
    const std::uint64_t held = upload_->stored();
    if (held > sent_.bytes())
      throw Error(ErrorKind::Corrupt,
                  fmt::format("the destination holds {} bytes, and {} were sent", held, sent_.bytes()));
    return held;
  }

  void require_all_stored() {
    if (!std::exchange(finished_, true)) sent_.finish();
    offset_ = held_by_far_side();
    if (offset_ < sent_.bytes())
      throw Error(ErrorKind::Unavailable, fmt::format("the destination holds {} of {} bytes", offset_, sent_.bytes()));
  }

  void require_a_way_back(const Error& error) const {
    if (order_.archive.can_go_back()) return;
    throw Error(ErrorKind::Unavailable, fmt::format("{}; an upload that broke cannot be resumed with [Archive] spool = "
                                                    "memory, with spool = disk it can",
                                                    error.what()));
  }

  const DeliveryOrder& order_;
  Progress& progress_;
  std::stop_token stop_;
  std::vector<std::byte> buffer_;
  std::unique_ptr<storage::Upload> upload_;
  SentArchive sent_;
  std::uint64_t offset_ = 0;
  bool finished_ = false;
};

/// What was sent, and how to ask for it.
class ReadBack {
 public:
  ReadBack(const DeliveryOrder& order, storage::Upload& upload, std::stop_token stop)
      : order_(order), upload_(upload), stop_(std::move(stop)) {}

  /// Reads back the end, where the archive's directory is, and random pieces. False when the destination forbids
  /// reading.
  bool verify(const SentArchive& sent) {
    try {
      const std::span<const std::byte> tail = sent.tail();
      const std::uint64_t offset = sent.bytes() - tail.size();
      if (!std::ranges::equal(read(offset, tail.size()), tail)) throw_differs(offset, tail.size());
      for (const SentArchive::Piece& piece : sent.pieces())
        if (crypto::sha256(read(piece.offset, piece.bytes)) != piece.digest) throw_differs(piece.offset, piece.bytes);
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Denied) throw;
      order_.on_trouble(fmt::format("the archive cannot be read back and compared: {}", error.what()));
      return false;
    }
  }

 private:
  std::vector<std::byte> read(std::uint64_t offset, std::size_t bytes) {
    if (stop_.stop_requested()) throw_stopped();
    std::vector<std::byte> stored(bytes);
    with_retries(order_.retry, order_.on_trouble, [&] { upload_.read(offset, stored); });
    return stored;
  }

  [[noreturn]] static void throw_differs(std::uint64_t offset, std::size_t bytes) {
    throw Error(ErrorKind::Corrupt,
                fmt::format("what the destination stored differs from what was sent, between byte {} and {}", offset,
                            offset + bytes));
  }

  const DeliveryOrder& order_;
  storage::Upload& upload_;
  std::stop_token stop_;
};

/// Fills `out`; Corrupt when the archive ends before that.
void read_exactly(ArchiveSource& archive, std::uint64_t offset, std::span<std::byte> out, const std::stop_token& stop) {
  while (!out.empty()) {
    const std::size_t count = archive.read(offset, out, stop);
    if (count == 0) throw Error(ErrorKind::Corrupt, "the archive became shorter");
    offset += count;
    out = out.subspan(count);
  }
}

std::string sha256_of(ArchiveSource& archive, const std::stop_token& stop) {
  crypto::Sha256 digest;
  std::vector<std::byte> buffer(kReadBytes);
  std::uint64_t offset = 0;
  while (const std::size_t count = archive.read(offset, buffer, stop)) {
    digest.update(std::span(buffer).first(count));
    offset += count;
  }
  return crypto::to_hex(digest.finish());
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
      if (error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::LoginRefused ||
          error.kind() == ErrorKind::Refused)
        return;
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

std::optional<Delivered> Delivery::find_published(const DeliveryOrder& order, const std::stop_token& stop) {
  const std::uint64_t size = order.archive.size().value();
  std::vector<std::byte> ours(static_cast<std::size_t>(std::min<std::uint64_t>(size, SentArchive::kTailBytes)));
  std::vector<std::byte> theirs(ours.size());
  read_exactly(order.archive, size - ours.size(), ours, stop);
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
    if (ours == theirs) return Delivered{.name = name, .sha256 = sha256_of(order.archive, stop), .verified = true};
  }
  return std::nullopt;
}

bool Delivery::is_published(const DeliveryOrder& order, const storage::ObjectInfo& object) {
  const std::string temporary = archive::temporary_name(order.name, order.run_id);
  const std::vector<storage::ObjectInfo> found = destination_.list(object.name);
  const auto stands_there = [&](const std::string& text) {
    return std::find(found.begin(), found.end(), storage::ObjectInfo{text, object.bytes}) != found.end();
  };
  return stands_there(object.name) && !stands_there(temporary);
}

archive::ArchiveName Delivery::publish(const DeliveryOrder& order, storage::Upload& upload, std::uint64_t bytes) {
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
        if (!in_doubt || !is_published(order, {.name = name.text(), .bytes = bytes})) upload.commit(name.text());
      });
      return name;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Exists || attempt == kNamesMax) throw;
      name = name.next();
    }
  }
}

std::unique_ptr<storage::Upload> Delivery::begin(const DeliveryOrder& order, const std::string& temporary_name) {
  remember(temporary_name, order);
  return with_retries(order.retry, order.on_trouble, [&] { return destination_.begin(temporary_name); });
}

Delivered Delivery::send(const DeliveryOrder& order, const std::stop_token& stop) {
  const std::string temporary = archive::temporary_name(order.name, order.run_id);
  progress_.sent_bytes = 0;
  progress_.total_bytes = order.archive.size().value_or(0);
  progress_.sending_since = std::chrono::steady_clock::time_point();
  // While an archive grows, the run's stage is what its maker does.
  if (order.archive.size()) progress_.stage = Stage::Uploading;
  if (order.may_be_published) {
    const auto found = with_retries(order.retry, order.on_trouble, [&] { return find_published(order, stop); });
    if (found) return *found;
  }
  Transfer transfer(order, progress_, stop);
  const std::unique_ptr<storage::Upload> upload = transfer.run([&] { return begin(order, temporary); });
  progress_.stage = Stage::Verifying;
  const SentArchive& sent = transfer.sent();
  const bool verified = ReadBack(order, *upload, stop).verify(sent);
  const archive::ArchiveName name = publish(order, *upload, sent.bytes());
  forget(temporary, order);
  return {.name = name, .sha256 = crypto::to_hex(sent.sha256()), .verified = verified};
}

}  // namespace osbackup::backup
