#include "archive/tar_attributes.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "archive/acl_text.hpp"
#include "archive/pax_header.hpp"

namespace osbackup::archive {
namespace {

constexpr std::string_view kAccessAcl = "system.posix_acl_access";
constexpr std::string_view kDefaultAcl = "system.posix_acl_default";
constexpr std::string_view kSelinuxLabel = "security.selinux";

bool is_acl(std::string_view name) noexcept { return name == kAccessAcl || name == kDefaultAcl; }

bool readers_agree_about(std::string_view name) noexcept {
  constexpr std::string_view kForbidden("=\0", 2);
  return !name.empty() && name.find_first_of(kForbidden) == std::string_view::npos &&
         name.find("%3D") == std::string_view::npos && name.find("%25") == std::string_view::npos;
}

/// The kernel's labels end in a NUL, the text in a tar does not.
std::string_view selinux_label(const Attribute& attribute) noexcept {
  const std::string_view value = attribute.value;
  return value.substr(0, value.find_last_not_of('\0') + 1);
}

/// Gives `use` the keyword and the value of the attribute's record; false when it cannot be stored.
template <class Use>
bool with_record(const Attribute& attribute, Use use) {
  if (is_acl(attribute.name)) {
    const std::optional<std::string> text = acl_text(attribute.value);
    if (text) use(attribute.name == kAccessAcl ? "SCHILY.acl.access" : "SCHILY.acl.default", *text);
    return text.has_value();
  }
  if (attribute.name == kSelinuxLabel) {
    const std::string_view label = selinux_label(attribute);
    if (!label.empty()) use("RHT.security.selinux", label);
    return !label.empty();
  }
  if (!readers_agree_about(attribute.name)) return false;
  use("SCHILY.xattr." + attribute.name, attribute.value);
  return true;
}

/// Counts what the records of an entry's attributes take.
class Budget {
 public:
  /// Whether one more record fits.
  bool take(std::string_view keyword, std::string_view value) noexcept {
    const std::size_t bytes = pax_record_bytes(keyword.size(), value.size());
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }

 private:
  std::size_t left_ = kAttributeRecordsBytesMax;
};

}  // namespace

bool can_be_stored(const Attribute& attribute) {
  Budget budget;
  bool fits = true;
  return with_record(attribute,
                     [&](std::string_view keyword, std::string_view value) { fits = budget.take(keyword, value); }) &&
         fits;
}

std::vector<std::string> remove_unstorable_attributes(Entry& entry) {
  std::vector<std::string> removed;
  Budget budget;
  std::erase_if(entry.attributes, [&](const Attribute& attribute) {
    bool fits = false;
    with_record(attribute,
                [&](std::string_view keyword, std::string_view value) { fits = budget.take(keyword, value); });
    if (!fits) removed.push_back(attribute.name);
    return !fits;
  });
  return removed;
}

void append_attributes(std::vector<std::byte>& out, const std::vector<Attribute>& attributes) {
  Budget budget;
  for (const Attribute& attribute : attributes)
    with_record(attribute, [&](std::string_view keyword, std::string_view value) {
      if (budget.take(keyword, value)) append_pax_record(out, keyword, value);
    });
}

}  // namespace osbackup::archive
