#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/digest.hpp"
#include "restore/file_salvage.hpp"

namespace {

using namespace osbackup;

/// Content stays within the file.
class CheckingReceiver final : public restore::Receiver {
 public:
  void begin(const archive::Entry& entry) override {
    if (has_begun_) std::abort();
    has_begun_ = true;
    content_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(entry.size, 1U << 20U)));
  }
  void write(std::uint64_t offset, std::span<const std::byte> content) override {
    if (!has_begun_ || offset > content_.size() || content.size() > content_.size() - offset) std::abort();
    std::copy(content.begin(), content.end(), content_.begin() + static_cast<std::ptrdiff_t>(offset));
  }
  void forget_content() override { std::abort(); }
  void finish() override { has_finished_ = true; }
  std::optional<std::string> keep_damaged(std::uint64_t right_bytes) override {
    if (has_finished_ || right_bytes > content_.size()) std::abort();
    return "kept";
  }

  bool has_finished() const { return has_finished_; }
  const std::vector<std::byte>& content() const { return content_; }

 private:
  bool has_begun_ = false;
  bool has_finished_ = false;
  std::vector<std::byte> content_;
};

}  // namespace

// The first byte says whether the index has a digest, the next two the file's size, the rest is its span. What becomes
// whole has the digest, all content lies in the file, and every file gets one outcome.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kHeadBytes = 3;
  if (size < kHeadBytes) return 0;
  restore::PlannedObject object;
  archive::Entry& entry = object.line.entry;
  entry.path = "srv/f";
  entry.type = archive::EntryType::File;
  entry.mode = 0644;
  entry.size = data[1] + 256U * data[2];
  object.path_in_tar = entry.path;
  std::vector<std::byte> content(static_cast<std::size_t>(entry.size));
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::byte>(i / 256 * 7 + i);
  if (data[0] % 2 == 1) object.line.digest = crypto::sha256(content);
  object.line.has_holes = data[0] % 4 >= 2;

  const auto bytes = std::as_bytes(std::span(data, size).subspan(kHeadBytes));
  CheckingReceiver receiver;
  restore::FileSalvage salvage(object,
                               {.archive = std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end())),
                                .place = {.offset = 0, .length = bytes.size()},
                                .stop = {}});
  const restore::FileOutcome outcome = salvage.run(receiver, false, Error(ErrorKind::Corrupt, "damage"));
  if (outcome.lost.has_value() == receiver.has_finished() || outcome.damage.has_value() != receiver.has_finished())
    std::abort();
  if (receiver.has_finished() && object.line.digest && receiver.content() != content) std::abort();
  return 0;
}
