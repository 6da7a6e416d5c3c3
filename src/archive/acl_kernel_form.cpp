#include "archive/acl_kernel_form.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <vector>

#include "archive/acl_text.hpp"

namespace osbackup::archive {
namespace {

constexpr std::size_t kTextBytesMax = 1U << 20U;
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kUndefinedId = 0xFFFFFFFF;
constexpr std::string_view kBlanks = " \t\r";

/// An entry with a tag of linux/posix_acl.h; their order is that of the numbers.
struct AclEntry {
  std::uint32_t tag = 0;
  std::uint32_t id = kUndefinedId;
  std::uint32_t permissions = 0;

  bool operator<(const AclEntry& other) const noexcept { return std::tie(tag, id) < std::tie(other.tag, other.id); }
};

/// The tags without and with an id.
struct Kind {
  std::string_view name;
  std::uint32_t tag;
  std::uint32_t tag_with_id;
};
constexpr Kind kKinds[] = {{"user", 0x01, 0x02}, {"group", 0x04, 0x08}, {"mask", 0x10, 0}, {"other", 0x20, 0}};

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

/// Takes what stands before the first separator, and the separator, off the text.
std::string_view take(std::string_view& text, std::string_view separators) noexcept {
  const std::size_t end = std::min(text.find_first_of(separators), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

std::optional<std::uint32_t> number(std::string_view digits) noexcept {
  std::uint32_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> permission_bits(std::string_view letters) noexcept {
  std::uint32_t bits = 0;
  if (letters.empty() || letters.size() > 3) return std::nullopt;
  for (const char letter : letters) {
    constexpr std::string_view kLetters = "xwr";
    const std::size_t bit = kLetters.find(letter);
    if (bit != std::string_view::npos) {
      bits |= 1U << bit;
    } else if (letter != '-') {
      return std::nullopt;
    }
  }
  return bits;
}

std::optional<std::uint32_t> id_of(std::string_view name, std::string_view last_field,
                                   const IdsOfNames::Lookup& lookup) {
  if (const auto id = number(name)) return id;
  if (lookup)
    if (const auto id = lookup(std::string(name))) return id;
  return number(last_field);
}

/// `user:bob:r-x`, `user:bob:r-x:1000`, `user::r-x`, `mask:r-x`.
std::optional<AclEntry> parse_entry(std::string_view text, const IdsOfNames& ids) {
  const std::string_view tag = trimmed(take(text, ":"));
  const auto* const kind = std::find_if(std::begin(kKinds), std::end(kKinds), [tag](const Kind& each) {
    return tag == each.name || tag == each.name.substr(0, 1);
  });
  if (kind == std::end(kKinds)) return std::nullopt;
  std::string_view qualifier;
  if (kind->tag_with_id != 0 || text.find(':') != std::string_view::npos) qualifier = trimmed(take(text, ":"));
  const auto permissions = permission_bits(trimmed(take(text, ":")));
  if (!permissions) return std::nullopt;
  if (qualifier.empty()) return AclEntry{.tag = kind->tag, .permissions = *permissions};
  const auto id = id_of(qualifier, trimmed(text), kind->tag == 0x01 ? ids.user : ids.group);
  if (kind->tag_with_id == 0 || !id) return std::nullopt;
  return AclEntry{.tag = kind->tag_with_id, .id = *id, .permissions = *permissions};
}

void append(std::string& out, std::uint32_t value, int bytes) {
  for (; bytes > 0; --bytes, value >>= 8U) out += static_cast<char>(value & 0xFFU);
}

}  // namespace

std::optional<std::string> acl_kernel_form(std::string_view text, const IdsOfNames& ids) {
  if (text.size() > kTextBytesMax) return std::nullopt;
  std::vector<AclEntry> entries;
  while (!text.empty()) {
    std::string_view line = take(text, "\n");
    line = line.substr(0, line.find('#'));
    while (!line.empty()) {
      const std::string_view entry_text = trimmed(take(line, ","));
      if (entry_text.empty()) continue;
      const auto entry = parse_entry(entry_text, ids);
      if (!entry) return std::nullopt;
      entries.push_back(*entry);
    }
  }
  std::stable_sort(entries.begin(), entries.end());
  std::string kernel_form;
  append(kernel_form, kVersion, 4);
  for (const AclEntry& entry : entries) {
    append(kernel_form, entry.tag, 2);
    append(kernel_form, entry.permissions, 2);
    append(kernel_form, entry.id, 4);
  }
  if (!acl_text(kernel_form)) return std::nullopt;
  return kernel_form;
}

}  // namespace osbackup::archive
