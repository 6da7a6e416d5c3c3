#include "archive/block_list.hpp"

#include <fmt/format.h>

#include "archive/index_path.hpp"
#include "archive/json_fields.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

constexpr std::uint64_t kListBytesKept = 4U << 20U;
constexpr std::size_t kPathsBytesMax = 32U << 20U;
constexpr std::size_t kGroupBytesMax = 64U << 20U;

std::string path_of(const JsonFields& fields, std::string_view key) {
  std::string path = fields.bytes(key);
  if (!is_index_path(path)) throw_not(key, "a path of an index");
  return path;
}

[[noreturn]] void throw_corrupt(const std::string& what) { throw Error(ErrorKind::Corrupt, what); }

std::shared_ptr<const RangeReader> kept_if_short(std::shared_ptr<const RangeReader> list) {
  if (list->size() > kListBytesKept) return list;
  std::vector<std::byte> bytes(static_cast<std::size_t>(list->size()));
  list->read(0, bytes);
  return std::make_shared<MemoryRange>(std::move(bytes));
}

}  // namespace

IndexBlock parse_block_line(std::string_view line) {
  const json::Object object = parse_object(line);
  const JsonFields fields(object);
  IndexBlock block{.first = path_of(fields, "first"),
                   .last = path_of(fields, "last"),
                   .offset = fields.number("offset"),
                   .length = fields.number("length", kListMemberBytesMax),
                   .lines = fields.number("lines", kListTextBytesMax),
                   .sha256 = fields.digest("sha256")};
  if (block.lines == 0) throw_corrupt("a block without lines");
  if (block.lines == 1 ? block.first != block.last : !comes_before(block.first, block.last))
    throw_corrupt("last does not come behind first");
  return block;
}

bool PathRange::contains(std::string_view candidate) const noexcept {
  return with_below ? lies_in(candidate, path) : candidate == path;
}

bool PathRange::may_meet(std::string_view first, std::string_view last) const noexcept {
  return !comes_before(last, path) && (!comes_before(path, first) || contains(first));
}

/// That the blocks follow each other, and are together the index.
class BlockList::Check {
 public:
  explicit Check(const LinesSummary& index) : index_(index) {}

  void add(const IndexBlock& block) {
    if (block.offset != bytes_)
      throw_corrupt(fmt::format("a block at {} follows one that ends at {}", block.offset, bytes_));
    if (block.length > index_.length - bytes_ || block.lines > index_.lines - lines_)
      throw_corrupt("the blocks are longer than the index, or have more lines");
    bytes_ += block.length;
    lines_ += block.lines;
    ++blocks_;
  }

  void finish(const LinesSummary& blocks) const {
    if (blocks_ != blocks.lines)
      throw_corrupt(fmt::format("there are {} blocks, and the manifest says {}", blocks_, blocks.lines));
    // An index without lines is one member, of which there is no block.
    if (lines_ != index_.lines || (blocks_ != 0 && bytes_ != index_.length))
      throw_corrupt(fmt::format("the blocks have {} bytes and {} lines, and the index {} and {}", bytes_, lines_,
                                index_.length, index_.lines));
  }

  std::uint64_t blocks() const noexcept { return blocks_; }

 private:
  LinesSummary index_;
  std::uint64_t bytes_ = 0;
  std::uint64_t lines_ = 0;
  std::uint64_t blocks_ = 0;
};

BlockList::BlockList(std::shared_ptr<const RangeReader> list, const LinesSummary& blocks, const LinesSummary& index)
    : list_(kept_if_short(std::move(list))) {
  ListMembers members(list_, blocks);
  Check check(index);
  std::string last_before;  // Of the group before.
  while (const std::optional<ListMembers::Member> member = members.next()) {
    const std::string text = inflate_lines(member->bytes);
    Group group{.offset = member->offset, .length = member->bytes.size(), .sha256 = crypto::sha256(member->bytes)};
    std::string_view rest = text;
    while (const std::optional<std::string_view> line = take_line(rest)) {
      try {
        IndexBlock block = parse_block_line(*line);
        check.add(block);
        const std::string& before = group.last.empty() ? last_before : group.last;
        const bool is_behind = before.empty() || comes_before(before, block.first);
        is_in_order_ = is_in_order_ && is_behind;
        if (group.last.empty())
          group.first = std::move(block.first);
        else if (!is_behind)
          group.is_ordered = false;
        group.last = std::move(block.last);
      } catch (const Error& error) {
        throw error.within(fmt::format("line {}", check.blocks() + 1));
      }
    }
    if (group.last.empty()) continue;
    last_before = group.last;
    keep(std::move(group));
  }
  check.finish(blocks);
}

void BlockList::keep(Group group) {
  if (kept_bytes_ + group.first.size() + group.last.size() > kPathsBytesMax) {
    // Without its paths it is looked into by every search.
    group.is_ordered = false;
    group.first = {};
    group.last = {};
  }
  kept_bytes_ += sizeof group + group.first.size() + group.last.size();
  if (kept_bytes_ > kGroupBytesMax)
    throw_corrupt(
        fmt::format("it needs more than {} bytes of memory: so many members are not expected", kGroupBytesMax));
  groups_.push_back(std::move(group));
}

std::string BlockList::text_of(const Group& group) const {
  std::vector<std::byte> member(static_cast<std::size_t>(group.length));
  list_->read(group.offset, member);
  if (crypto::sha256(member) != group.sha256) throw_corrupt("the list of the index's blocks is not what it was before");
  return inflate_lines(member);
}

std::optional<IndexBlock> BlockList::Search::next() {
  while (true) {
    std::string_view rest = std::string_view(text_).substr(used_);
    while (const std::optional<std::string_view> line = take_line(rest)) {
      used_ = text_.size() - rest.size();
      IndexBlock block = parse_block_line(*line);
      if (range_.may_meet(block.first, block.last)) return block;
    }
    const std::vector<Group>& groups = list_.groups_;
    const auto may_hold = [&](const Group& group) {
      return !group.is_ordered || range_.may_meet(group.first, group.last);
    };
    while (next_group_ < groups.size() && !may_hold(groups[next_group_])) ++next_group_;
    if (next_group_ == groups.size()) return std::nullopt;
    text_ = list_.text_of(groups[next_group_++]);
    used_ = 0;
  }
}

}  // namespace osbackup::archive
