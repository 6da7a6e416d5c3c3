#include "restore/stored_object.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace osbackup::restore {
namespace {

/// What arrives is safe in pieces of so much: a connection that breaks after fewer bytes has brought nothing.
constexpr std::size_t kPieceBytes = 16U << 10U;

}  // namespace

/// Nothing is asked for before the first byte is read.
class StoredObject::ResumedStream final : public ByteSource {
 public:
  struct Part {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };

  ResumedStream(const StoredObject& object, Part part) : object_(object), left_(part) {}

  std::size_t read(std::span<std::byte> out) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_.length));
    for (std::size_t filled = 0; filled < wanted;) {
      const std::span<std::byte> piece = out.subspan(filled, std::min(wanted - filled, kPieceBytes));
      read_piece(piece);
      filled += piece.size();
    }
    return wanted;
  }

  std::uint64_t skip(std::uint64_t bytes) override {
    if (stream_) return ByteSource::skip(bytes);
    bytes = std::min(bytes, left_.length);
    left_.offset += bytes;
    left_.length -= bytes;
    return bytes;
  }

 private:
  void read_piece(std::span<std::byte> out) {
    with_retries(object_.policy_, object_.on_trouble_, [&] {
      try {
        if (!stream_) stream_ = object_.destination_.stream(object_.object_.name, left_.offset, left_.length);
        if (stream_->read(out) < out.size())
          throw Error(ErrorKind::Corrupt, "read " + object_.object_.name + ": the object ends too early");
      } catch (const Error&) {
        stream_.reset();
        throw;
      }
    });
    left_.offset += out.size();
    left_.length -= out.size();
  }

  const StoredObject& object_;
  Part left_;
  std::unique_ptr<ByteSource> stream_;
};

StoredObject::StoredObject(storage::Destination& destination, storage::ObjectInfo object, RetryPolicy policy,
                           std::function<void(const std::string&)> on_trouble)
    : destination_(destination),
      object_(std::move(object)),
      policy_(std::move(policy)),
      on_trouble_(std::move(on_trouble)) {}

void StoredObject::read(std::uint64_t offset, std::span<std::byte> out) const {
  with_retries(policy_, on_trouble_, [&] { destination_.read(object_.name, offset, out); });
}

std::unique_ptr<ByteSource> StoredObject::stream(std::uint64_t offset, std::uint64_t length) const {
  require_inside(offset, length);
  return std::make_unique<ResumedStream>(*this, ResumedStream::Part{.offset = offset, .length = length});
}

}  // namespace osbackup::restore
