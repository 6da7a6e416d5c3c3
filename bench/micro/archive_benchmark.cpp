// What the stages of src/archive cost on one core: members by compression and content, and lines of the index.

#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "archive/gzip_member.hpp"
#include "archive/index_writer.hpp"

namespace osbackup::archive {
namespace {

using Bytes = std::vector<std::byte>;

class NoSink final : public ByteSink {
 public:
  void write(std::span<const std::byte> bytes) override { benchmark::DoNotOptimize(bytes.data()); }
};

Bytes incompressible() {
  std::mt19937_64 random(1);
  Bytes bytes(kMemberContentMax);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

/// Words of a small language with the frequencies of a large one: it comes to a third, as text files do.
Bytes text_like() {
  std::mt19937_64 random(2);
  std::vector<std::string> words(4096);
  for (std::string& word : words)
    for (std::size_t i = 2 + random() % 9; i > 0; --i) word += static_cast<char>('a' + random() % 26);
  std::string text;
  while (text.size() < kMemberContentMax) {
    const double rare = std::generate_canonical<double, 32>(random);
    text += words[static_cast<std::size_t>(rare * rare * rare * rare * 4095)];
    text += random() % 12 == 0 ? '\n' : ' ';
  }
  const auto bytes = std::as_bytes(std::span(text)).first(kMemberContentMax);
  return {bytes.begin(), bytes.end()};
}

void encode_members(benchmark::State& state, Compression compression, const Bytes& content) {
  GzipMemberEncoder encoder(compression);
  Bytes buffer;
  std::size_t length = 0;
  for (auto _ : state) length = encoder.encode(content, buffer).size();
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
  state.counters["ratio"] = static_cast<double>(length) / static_cast<double>(content.size());
}

Entry usual_entry() {
  Entry entry;
  entry.path = "usr/share/doc/libsomething-dev/examples/readme.txt";
  entry.mode = 0644;
  entry.user = "root";
  entry.group = "root";
  entry.size = 12'345;
  entry.mtime = {.tv_sec = 1'700'000'000, .tv_nsec = 123'456'789};
  entry.ctime = {.tv_sec = 1'700'000'001, .tv_nsec = 987'654'321};
  entry.device = 2049;
  entry.inode = 1'234'567;
  return entry;
}

void make_index_lines(benchmark::State& state) {
  const Entry entry = usual_entry();
  const crypto::Sha256Digest digest{};
  for (auto _ : state) {
    std::string line = index_line_head(entry);
    complete_index_line(line, digest, false, {.directory = 1, .member = 123'456'789, .skip = 8192, .span = 345'678});
    benchmark::DoNotOptimize(line.data());
  }
  state.SetItemsProcessed(state.iterations());
}

void write_index(benchmark::State& state) {
  // Lines made beforehand, each with a digest of its own, since digests are most of what does not compress.
  constexpr std::size_t kLines = 10'000;
  std::mt19937_64 random(3);
  std::vector<std::pair<std::string, std::string>> lines(kLines);
  Entry entry = usual_entry();
  for (std::size_t i = 0; i < kLines; ++i) {
    entry.path = "usr/share/doc/package-" + std::to_string(100'000 + i) + "/copyright";
    crypto::Sha256Digest digest;
    for (std::byte& byte : digest) byte = static_cast<std::byte>(random());
    std::string line = index_line_head(entry);
    complete_index_line(line, digest, false, {.directory = 1, .member = i * 4000, .skip = i * 512, .span = 345'678});
    lines[i] = {entry.path, line};
  }
  std::uint64_t length = 0;
  for (auto _ : state) {
    NoSink index;
    NoSink blocks;
    IndexWriter writer(index, blocks);
    for (const auto& [path, line] : lines) writer.add(path, line);
    writer.finish();
    length = writer.index().length;
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kLines));
  state.counters["bytes/line"] = static_cast<double>(length) / static_cast<double>(kLines);
}

BENCHMARK_CAPTURE(encode_members, fast_text, Compression::Fast, text_like());
BENCHMARK_CAPTURE(encode_members, fast_incompressible, Compression::Fast, incompressible());
BENCHMARK_CAPTURE(encode_members, balanced_text, Compression::Balanced, text_like());
BENCHMARK_CAPTURE(encode_members, balanced_incompressible, Compression::Balanced, incompressible());
BENCHMARK_CAPTURE(encode_members, best_text, Compression::Best, text_like());
BENCHMARK_CAPTURE(encode_members, best_incompressible, Compression::Best, incompressible());
BENCHMARK(make_index_lines);
BENCHMARK(write_index);

}  // namespace
}  // namespace osbackup::archive
