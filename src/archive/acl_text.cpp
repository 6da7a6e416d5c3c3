#include "archive/acl_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace osbackup::archive {
namespace {

constexpr std::size_t kHeaderBytes = 4;
constexpr std::size_t kEntryBytes = 2 + 2 + 4;
constexpr std::size_t kAclBytesMax = 65'536;  // XATTR_SIZE_MAX of linux/limits.h.
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kUndefinedId = 0xFFFFFFFF;

/// The tags of linux/posix_acl.h, in the order in which a valid ACL has them.
enum Tag : std::uint32_t { Owner = 0x01, User = 0x02, OwningGroup = 0x04, Group = 0x08, Mask = 0x10, Other = 0x20 };

struct AclEntry {
  std::uint32_t tag = 0;
  std::uint32_t permissions = 0;
  std::uint32_t id = 0;
};

std::uint32_t little_endian(std::string_view bytes) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8U | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

AclEntry decode(std::string_view bytes) noexcept {
  return {.tag = little_endian(bytes.substr(0, 2)),
          .permissions = little_endian(bytes.substr(2, 2)),
          .id = little_endian(bytes.substr(4, 4))};
}

/// Accepts the entries of an ACL one after another, by the rules of the kernel's posix_acl_valid().
class AclOrder {
 public:
  bool accept(const AclEntry& entry) {
    if (entry.permissions > 7) return false;
    switch (entry.tag) {
      case Owner:
        return pass(0, Owner);
      case User:
        needs_mask_ = true;
        return entry.id != kUndefinedId && pass(Owner | User, User);
      case OwningGroup:
        return pass(Owner | User, OwningGroup);
      case Group:
        needs_mask_ = true;
        return entry.id != kUndefinedId && pass(OwningGroup | Group, Group);
      case Mask:
        needs_mask_ = false;
        return pass(OwningGroup | Group, Mask);
      case Other:
        return !needs_mask_ && pass(OwningGroup | Group | Mask, Other);
      default:
        return false;
    }
  }
  bool complete() const noexcept { return last_ == Other; }

 private:
  /// Whether this tag may follow the last one: it is among `allowed`, or nothing came yet and nothing may have come.
  bool pass(std::uint32_t allowed, std::uint32_t tag) {
    if (allowed == 0 ? last_ != 0 : (last_ & allowed) == 0) return false;
    last_ = tag;
    return true;
  }

  std::uint32_t last_ = 0;
  bool needs_mask_ = false;
};

std::string_view name_of(std::uint32_t tag) noexcept {
  switch (tag) {
    case Owner:
    case User:
      return "user:";
    case OwningGroup:
    case Group:
      return "group:";
    case Mask:
      return "mask:";
    default:
      return "other:";
  }
}

void append_entry(std::string& text, const AclEntry& entry) {
  if (!text.empty()) text += ',';
  text += name_of(entry.tag);
  if (entry.tag == User || entry.tag == Group) {
    std::array<char, 10> digits{};
    text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), entry.id).ptr);
  }
  text += ':';
  text += (entry.permissions & 4U) != 0 ? 'r' : '-';
  text += (entry.permissions & 2U) != 0 ? 'w' : '-';
  text += (entry.permissions & 1U) != 0 ? 'x' : '-';
}

}  // namespace

std::optional<std::string> acl_text(std::string_view kernel_form) {
  if (kernel_form.size() > kAclBytesMax || kernel_form.size() < kHeaderBytes) return std::nullopt;
  if (little_endian(kernel_form.substr(0, kHeaderBytes)) != kVersion) return std::nullopt;
  kernel_form.remove_prefix(kHeaderBytes);
  if (kernel_form.size() % kEntryBytes != 0) return std::nullopt;

  std::string text;
  AclOrder order;
  for (; !kernel_form.empty(); kernel_form.remove_prefix(kEntryBytes)) {
    const AclEntry entry = decode(kernel_form);
    if (!order.accept(entry)) return std::nullopt;
    append_entry(text, entry);
  }
  if (!order.complete()) return std::nullopt;
  return text;
}

}  // namespace osbackup::archive
