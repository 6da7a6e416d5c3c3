#include "archive/index_writer.hpp"

#include <array>
#include <charconv>

#include "archive/index_path.hpp"
#include "archive/json_line.hpp"

namespace osbackup::archive {
namespace {

/// How much text one block of lines holds, unless a single line is longer.
constexpr std::size_t kBlockTextBytes = 64U << 10U;

std::string octal_mode(std::uint32_t mode) {
  std::string text(4, '0');
  for (std::size_t i = text.size(); i-- > 0; mode >>= 3U) text[i] = static_cast<char>('0' + (mode & 7U));
  return text;
}

void add_digest_length(crypto::Sha256& hash, std::uint64_t length) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(length >> (8 * i));
  hash.update(bytes);
}

void add_digest_text(crypto::Sha256& hash, std::string_view text) {
  add_digest_length(hash, text.size());
  hash.update(std::as_bytes(std::span(text)));
}

}  // namespace

crypto::Sha256Digest attributes_digest(const std::vector<Attribute>& attributes) {
  crypto::Sha256 hash;
  for (const Attribute& attribute : attributes) {
    add_digest_text(hash, attribute.name);
    add_digest_text(hash, attribute.value);
  }
  return hash.finish();
}

std::string index_line_head(const Entry& entry) {
  std::optional<crypto::Sha256Digest> digest;
  if (!entry.attributes.empty()) digest = attributes_digest(entry.attributes);
  return index_line_head(entry, digest, has_holes(entry));
}

std::string index_line_head(const Entry& entry, const std::optional<crypto::Sha256Digest>& attributes_digest,
                            bool has_holes) {
  constexpr std::size_t kUsualBytes = 448;  // With all that complete_index_line adds.
  std::string begun;
  begun.reserve(entry.path.size() + entry.target.size() + kUsualBytes);
  begun = "{";
  JsonLine line(std::move(begun));
  line.add_bytes("path", entry.path).add_plain("type", name_of(entry.type)).add_plain("mode", octal_mode(entry.mode));
  line.add_number("uid", entry.uid).add_number("gid", entry.gid);
  if (!entry.user.empty()) line.add_bytes("user", entry.user);
  if (!entry.group.empty()) line.add_bytes("group", entry.group);
  if (entry.type == EntryType::File || entry.type == EntryType::Hardlink) line.add_number("size", entry.size);
  line.add_time("mtime", entry.mtime).add_time("ctime", entry.ctime);
  line.add_number("dev", entry.device).add_number("inode", entry.inode).add_number("nlink", entry.links);
  if (entry.type == EntryType::Symlink || entry.type == EntryType::Hardlink) line.add_bytes("target", entry.target);
  if (entry.type == EntryType::CharacterDevice || entry.type == EntryType::BlockDevice)
    line.add_plain("rdev", std::to_string(entry.device_major) + ":" + std::to_string(entry.device_minor));
  if (!entry.flags.empty()) line.add_plain("flags", entry.flags);
  if (attributes_digest) line.add_plain("xattrs_sha256", crypto::to_hex(*attributes_digest));
  if (has_holes) line.add_true("holes");
  return line.take();
}

void complete_index_line(std::string& line, const std::optional<crypto::Sha256Digest>& digest, bool changed,
                         const Placement& placement) {
  JsonLine rest(std::move(line));
  if (digest) rest.add_plain("sha256", crypto::to_hex(*digest));
  if (changed) rest.add_true("changed");
  rest.add_number("dir", placement.directory).add_number("member", placement.member);
  rest.add_number("skip", placement.skip).add_number("span", placement.span);
  line = rest.take();
  line += "}\n";
}

JsonLinesWriter::JsonLinesWriter(ByteSink& sink) : sink_(sink), encoder_(Compression::Balanced) {}

std::optional<JsonLinesWriter::Block> JsonLinesWriter::add(std::string_view line) {
  text_ += line;
  ++text_lines_;
  return text_.size() >= kBlockTextBytes ? std::optional(flush()) : std::nullopt;
}

std::optional<JsonLinesWriter::Block> JsonLinesWriter::end_block() {
  return text_.empty() ? std::nullopt : std::optional(flush());
}

std::optional<JsonLinesWriter::Block> JsonLinesWriter::finish() {
  std::optional<Block> last = end_block();
  // A list without lines is still a gzip file.
  if (summary_.length == 0) flush();
  summary_.sha256 = digest_.finish();
  return last;
}

JsonLinesWriter::Block JsonLinesWriter::flush() {
  const std::span<const std::byte> member = encoder_.encode(std::as_bytes(std::span(text_)), member_);
  const Block block{
      .offset = summary_.length, .length = member.size(), .lines = text_lines_, .sha256 = crypto::sha256(member)};
  sink_.write(member);
  digest_.update(member);
  summary_.length += block.length;
  summary_.lines += block.lines;
  text_.clear();
  text_lines_ = 0;
  return block;
}

void IndexWriter::add(const std::string& path, std::string_view line) {
  // What lies behind a configured directory that is a link begins the order anew.
  if (!first_path_.empty() && !comes_before(last_path_, path))
    if (const auto block = index_.end_block()) list_block(*block);
  if (first_path_.empty()) first_path_ = path;
  last_path_ = path;
  if (const auto block = index_.add(line)) list_block(*block);
}

void IndexWriter::finish() {
  if (const auto block = index_.finish()) list_block(*block);
  blocks_.finish();
}

void IndexWriter::list_block(const JsonLinesWriter::Block& block) {
  JsonLine line;
  line.add_bytes("first", first_path_).add_bytes("last", last_path_);
  line.add_number("offset", block.offset).add_number("length", block.length).add_number("lines", block.lines);
  line.add_plain("sha256", crypto::to_hex(block.sha256));
  blocks_.add(line.take() + "}\n");
  first_path_.clear();
}

std::string warning_line(std::string_view path, std::string_view reason) {
  JsonLine line;
  line.add_bytes("path", path).add_bytes("reason", reason);
  return line.take() + "}\n";
}

}  // namespace osbackup::archive
