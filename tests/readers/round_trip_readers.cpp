#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "archive/tar_reader.hpp"
#include "archive/tar_writer.hpp"
#include "core/range_source.hpp"
#include "support/kernel_acl.hpp"

/// What TarWriter writes of random entries is what TarReader reads.
namespace osbackup::archive {
namespace {

class RandomEntries {
 public:
  explicit RandomEntries(std::uint64_t seed) : random_(seed) {}

  Entry next() {
    Entry entry;
    entry.path = path();
    entry.type = static_cast<EntryType>(below(7));
    entry.mode = static_cast<std::uint32_t>(below(010000));
    entry.uid = id();
    entry.gid = id();
    if (below(2) == 0) entry.user = bytes(1 + below(40));
    if (below(2) == 0) entry.group = bytes(1 + below(40));
    entry.mtime = time();
    if (entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice) {
      entry.device_major = static_cast<std::uint32_t>(below(1U << 21U));
      entry.device_minor = static_cast<std::uint32_t>(below(1U << 21U));
    }
    if (entry.type == EntryType::Symlink) entry.target = bytes(1 + below(300));
    if (entry.type == EntryType::Hardlink) entry.target = path();
    if (entry.type == EntryType::File) give_content(entry);
    if (entry.type != EntryType::Hardlink) give_attributes(entry);
    return entry;
  }

  std::uint64_t below(std::uint64_t limit) {
    return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(random_);
  }

  /// Bytes without a NUL.
  std::string bytes(std::size_t size) {
    std::string text(size, '\0');
    for (char& byte : text) byte = static_cast<char>(1 + below(255));
    return text;
  }

 private:
  /// Components of any bytes but slashes.
  std::string path() {
    std::string result;
    for (std::uint64_t components = 1 + below(6); components > 0; --components) {
      std::string name = bytes(1 + below(below(5) == 0 ? 255 : 20));
      std::replace(name.begin(), name.end(), '/', '_');
      if (name == ".") name = "..";
      result += (result.empty() ? "" : "/") + name;
    }
    return result;
  }

  std::uint32_t id() { return static_cast<std::uint32_t>(below(std::uint64_t{1} << (1 + below(32)))); }

  timespec time() {
    const auto seconds = static_cast<time_t>(below(std::uint64_t{1} << (1 + below(62))));
    return {.tv_sec = below(3) == 0 ? -seconds : seconds,
            .tv_nsec = below(2) == 0 ? 0 : static_cast<long>(below(1'000'000'000))};
  }

  void give_content(Entry& entry) {
    entry.size = below(5000);
    entry.sparse = below(3) == 0;
    if (!entry.sparse) return;
    std::uint64_t end = 0;
    for (std::uint64_t left = below(60); left > 0; --left) {
      const std::uint64_t begin = end + 512 * (1 + below(1000));
      end = begin + 512 * (1 + below(3));
      entry.extents.push_back({.offset = begin, .length = end - begin});
    }
    if (!entry.extents.empty() && below(2) == 0)
      end = (entry.extents.back().length -= below(511)) + entry.extents.back().offset;
    entry.size = end + (below(2) == 0 ? 0 : below(100'000));
  }

  void give_attributes(Entry& entry) {
    std::set<std::string> names;
    for (std::uint64_t left = below(4); left > 0; --left) {
      std::string name = "user." + bytes(1 + below(30));
      std::replace(name.begin(), name.end(), '=', '-');
      std::replace(name.begin(), name.end(), '%', '-');
      names.insert(name);
    }
    for (const std::string& name : names)
      entry.attributes.push_back({name, bytes(below(300)) + std::string(below(2), '\0')});
    if (below(3) == 0) entry.attributes.push_back({"security.selinux", bytes(1 + below(30)) + '\0'});
    if (below(3) == 0)
      entry.attributes.push_back(
          {"system.posix_acl_access",
           test::kernel_acl({{.tag = 0x01, .permissions = 6},
                             {.tag = 0x02, .permissions = static_cast<std::uint32_t>(below(8)), .id = id() / 2},
                             {.tag = 0x04, .permissions = 4},
                             {.tag = 0x10, .permissions = 4},
                             {.tag = 0x20, .permissions = 0}})});
    std::sort(entry.attributes.begin(), entry.attributes.end(),
              [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  }

  std::mt19937_64 random_;
};

void expect_equal(const Entry& found, const Entry& meant) {
  EXPECT_EQ(found.path, meant.path);
  EXPECT_EQ(found.type, meant.type);
  EXPECT_EQ(found.mode, meant.mode);
  EXPECT_EQ(found.uid, meant.uid);
  EXPECT_EQ(found.gid, meant.gid);
  EXPECT_EQ(found.user, meant.user);
  EXPECT_EQ(found.group, meant.group);
  EXPECT_EQ(found.size, meant.size);
  EXPECT_EQ(found.mtime.tv_sec, meant.mtime.tv_sec);
  EXPECT_EQ(found.mtime.tv_nsec, meant.mtime.tv_nsec);
  EXPECT_EQ(found.device_major, meant.device_major);
  EXPECT_EQ(found.device_minor, meant.device_minor);
  EXPECT_EQ(found.target, meant.target);
  EXPECT_EQ(found.attributes, meant.attributes);
  EXPECT_EQ(found.sparse, meant.sparse);
  EXPECT_EQ(found.extents, meant.extents);
}

TEST(TarRoundTrip, GivesRandomEntriesBack) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  RandomEntries random(seed);
  std::vector<std::pair<Entry, std::string>> meant;
  std::vector<std::byte> tar;
  TarWriter writer(tar);
  for (int i = 0; i < 3000; ++i) {
    const Entry entry = random.next();
    const std::string content = random.bytes(stored_bytes(entry));
    writer.append_headers(entry);
    const auto bytes = std::as_bytes(std::span(content));
    tar.insert(tar.end(), bytes.begin(), bytes.end());
    writer.append_padding();
    meant.emplace_back(entry, content);
  }
  writer.append_end();
  const MemoryRange range(tar);
  RangeSource source(range, {.offset = 0, .length = range.size()});
  TarReader reader(source);

  for (const auto& [entry, content] : meant) {
    const auto found = reader.next();
    ASSERT_TRUE(found);
    expect_equal(*found, entry);
    std::string found_content(reader.content_left(), '\0');
    reader.read(std::as_writable_bytes(std::span(found_content)));
    ASSERT_TRUE(found_content == content);
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_FALSE(reader.next());
  EXPECT_TRUE(reader.has_end_records());
}

}  // namespace
}  // namespace osbackup::archive
