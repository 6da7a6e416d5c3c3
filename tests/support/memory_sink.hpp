#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "restore/object_sink.hpp"

namespace osbackup::test {

/// Receives objects into memory. A test may have it refuse some.
class MemorySink final : public restore::ObjectSink {
 public:
  struct Received {
    archive::Entry entry;
    std::vector<std::byte> content;
  };

  std::function<bool(const archive::Entry&)> wants_it = [](auto&) { return true; };
  std::function<void(const std::string& path)> on_receive = [](auto&) {};
  std::function<void(const std::string& path)> on_write = [](auto&) {};
  std::function<void(const archive::Entry&)> on_finish = [](auto&) {};
  std::function<void(const std::string& path)> on_keep = [](auto&) {};

  bool wants(const archive::Entry& entry) override { return wants_it(entry); }

  std::unique_ptr<restore::Receiver> receive(const archive::Entry& entry) override {
    on_receive(entry.path);
    return std::make_unique<MemoryReceiver>(*this, entry.path);
  }

  /// What was finished, by path.
  const std::map<std::string, Received>& finished() const { return finished_; }
  /// What is kept of damaged files, by their own paths.
  const std::map<std::string, Received>& damaged() const { return damaged_; }
  /// As if it had received nothing.
  void forget() {
    finished_.clear();
    damaged_.clear();
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> paths;
    for (const auto& [path, received] : finished_) paths.push_back(path);
    return paths;
  }

 private:
  class MemoryReceiver final : public restore::Receiver {
   public:
    MemoryReceiver(MemorySink& sink, std::string path) : sink_(sink), path_(std::move(path)) {}
    void begin(const archive::Entry& entry) override {
      received_.entry = entry;
      received_.content.resize(entry.type == archive::EntryType::File ? static_cast<std::size_t>(entry.size) : 0);
    }
    void write(std::uint64_t offset, std::span<const std::byte> content) override {
      const std::scoped_lock lock(sink_.mutex_);
      sink_.on_write(path_);
      std::copy(content.begin(), content.end(), received_.content.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    void forget_content() override { std::fill(received_.content.begin(), received_.content.end(), std::byte{0}); }
    void finish() override {
      const std::scoped_lock lock(sink_.mutex_);
      sink_.on_finish(received_.entry);
      sink_.finished_[path_] = std::move(received_);
    }
    std::optional<std::string> keep_damaged(std::uint64_t right_bytes) override {
      const std::scoped_lock lock(sink_.mutex_);
      sink_.on_keep(path_);
      const auto wrong = received_.content.begin() + static_cast<std::ptrdiff_t>(right_bytes);
      std::fill(wrong, received_.content.end(), std::byte{0});
      sink_.damaged_[path_] = std::move(received_);
      return path_ + ".damaged";
    }

   private:
    MemorySink& sink_;
    std::string path_;
    Received received_;
  };

  std::mutex mutex_;
  std::map<std::string, Received> finished_;
  std::map<std::string, Received> damaged_;
};

}  // namespace osbackup::test
