#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "archive/index_path.hpp"
#include "core/error.hpp"
#include "restore/data_check.hpp"
#include "restore/recovery.hpp"

// Of any bytes a check comes to its end, and a restore that goes on behind damage gives its sink objects with paths
// that an index could have, and content that lies in their files.
namespace {

using namespace osbackup;

class WatchedReceiver final : public restore::Receiver {
 public:
  void begin(const archive::Entry& entry) override {
    if (!archive::is_index_path(entry.path)) std::abort();
    if (entry.type == archive::EntryType::Hardlink && !archive::is_index_path(entry.target)) std::abort();
    size_ = entry.size;
  }
  void write(std::uint64_t offset, std::span<const std::byte> content) override {
    if (offset > size_ || content.size() > size_ - offset) std::abort();
  }
  void finish() override {}

 private:
  std::uint64_t size_ = 0;
};

class WatchedSink final : public restore::ObjectSink {
 public:
  bool wants(const archive::Entry& /*entry*/) override { return true; }
  std::unique_ptr<restore::Receiver> receive(const archive::Entry& entry) override {
    if (!archive::is_index_path(entry.path)) std::abort();
    return std::make_unique<WatchedReceiver>();
  }
};

template <class Action>
void expect_known_end(Action action) {
  try {
    action();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Corrupt && error.kind() != ErrorKind::Usage) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto object = std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end()));
  restore::RestoreProgress progress;
  expect_known_end([&] {
    restore::FindingLog findings([](const restore::Finding& /*finding*/) {});
    const restore::CheckContext context{.findings = findings, .progress = progress, .stop = {}};
    restore::OpenedArchive opened = restore::check_structure(object, context);
    restore::check_data(object, opened, {.threads = 1, .share = {}, .seed = 0}, context);
  });
  expect_known_end([&] {
    restore::Remains remains = restore::open_remains(object);
    WatchedSink sink;
    restore::TroubleLog troubles([](const restore::Trouble& /*trouble*/) {});
    restore::recover(remains, {.selection = {}, .threads = 1, .keep_going = true, .stop = {}}, sink,
                     {.troubles = troubles, .progress = progress});
  });
  return 0;
}
