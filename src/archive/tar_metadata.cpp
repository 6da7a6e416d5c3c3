#include "archive/tar_metadata.hpp"

#include "archive/tar_number.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

namespace osbackup::archive {
namespace {

constexpr std::string_view kAccessAcl = "system.posix_acl_access";
constexpr std::string_view kAttributePrefix = "SCHILY.xattr.";

template <class Value>
struct Field {
  std::string_view keyword;
  std::optional<Value> TarMetadata::*member;
};
constexpr Field<std::string> kTexts[] = {{"path", &TarMetadata::path},
                                         {"linkpath", &TarMetadata::target},
                                         {"uname", &TarMetadata::user},
                                         {"gname", &TarMetadata::group}};
constexpr Field<std::uint64_t> kNumbers[] = {{"size", &TarMetadata::size},
                                             {"uid", &TarMetadata::uid},
                                             {"gid", &TarMetadata::gid},
                                             {"SCHILY.devmajor", &TarMetadata::device_major},
                                             {"SCHILY.devminor", &TarMetadata::device_minor}};
constexpr Field<std::uint64_t> kSparseNumbers[] = {{"GNU.sparse.major", &TarMetadata::sparse_major},
                                                   {"GNU.sparse.minor", &TarMetadata::sparse_minor},
                                                   {"GNU.sparse.realsize", &TarMetadata::sparse_size},
                                                   {"GNU.sparse.size", &TarMetadata::sparse_size}};

[[noreturn]] void refuse(std::string_view keyword, const char* why) {
  throw Error(ErrorKind::Corrupt, "the pax record " + printable(keyword, 100) + " is " + why);
}

std::uint64_t number(std::string_view keyword, std::string_view value) {
  const auto result = decimal_number(value);
  if (!result) refuse(keyword, "not a number");
  return *result;
}

std::optional<std::string> text(std::string_view keyword, std::string_view value) {
  if (value.empty()) return std::nullopt;
  if (value.size() > kPathReadBytesMax) refuse(keyword, "too long");
  if (value.find('\0') != std::string_view::npos) refuse(keyword, "not a text: there is a NUL in it");
  return std::string(value);
}

/// Whether one of the fields has the keyword, and so was set.
template <class Fields, class Parse>
bool set_one_of(const Fields& fields, TarMetadata& metadata, std::string_view keyword, Parse parse) {
  for (const auto& field : fields) {
    if (field.keyword != keyword) continue;
    metadata.*field.member = parse();
    return true;
  }
  return false;
}

/// The two bytes that GNU tar encodes in a keyword, and nothing else.
std::string attribute_name(std::string_view encoded) {
  std::string name;
  while (!encoded.empty()) {
    const std::string_view code = encoded.substr(0, 3);
    const bool is_code = code == "%3D" || code == "%25";
    name += code == "%3D" ? '=' : encoded.front();
    encoded.remove_prefix(is_code ? 3 : 1);
  }
  return name;
}

}  // namespace

void TarMetadata::add(std::string_view keyword, std::string_view value, const IdsOfNames& ids) {
  if (!add_plain(keyword, value) && !add_sparse(keyword, value)) add_attribute(keyword, value, ids);
}

void TarMetadata::add_global(std::string_view keyword, std::string_view value) { add_plain(keyword, value); }

bool TarMetadata::add_plain(std::string_view keyword, std::string_view value) {
  const auto as_number = [&] { return value.empty() ? std::nullopt : std::optional(number(keyword, value)); };
  if (set_one_of(kTexts, *this, keyword, [&] { return text(keyword, value); })) return true;
  if (set_one_of(kNumbers, *this, keyword, as_number)) return true;
  if (keyword != "mtime") return false;
  mtime = decimal_time(value);
  if (!mtime && !value.empty()) refuse(keyword, "not a time");
  return true;
}

bool TarMetadata::add_sparse(std::string_view keyword, std::string_view value) {
  if (!keyword.starts_with("GNU.sparse.")) return false;
  if (keyword == "GNU.sparse.name") {
    sparse_path = text(keyword, value);
  } else if (keyword == "GNU.sparse.map") {
    sparse_map = SparseMap();
    sparse_map.add_list(value);
  } else if (keyword == "GNU.sparse.offset") {
    sparse_offset = number(keyword, value);
  } else if (keyword == "GNU.sparse.numbytes") {
    if (!sparse_offset) refuse(keyword, "without an offset before it");
    sparse_map.add({.offset = *sparse_offset, .length = number(keyword, value)});
    sparse_offset.reset();
  } else {
    set_one_of(kSparseNumbers, *this, keyword, [&] { return number(keyword, value); });
  }
  return true;
}

void TarMetadata::add_attribute(std::string_view keyword, std::string_view value, const IdsOfNames& ids) {
  if (keyword.starts_with(kAttributePrefix)) {
    std::string name = attribute_name(keyword.substr(kAttributePrefix.size()));
    if (name.empty() || name.find('\0') != std::string::npos) refuse(keyword, "no name of an attribute");
    attributes.insert_or_assign(std::move(name), value);
  } else if (keyword == "SCHILY.acl.access") {
    add_acl(std::string(kAccessAcl), value, ids);
  } else if (keyword == "SCHILY.acl.default") {
    add_acl("system.posix_acl_default", value, ids);
  } else if (keyword == "RHT.security.selinux" && !value.empty()) {
    attributes.insert_or_assign("security.selinux", std::string(value) + '\0');  // As the kernel gives it.
  }
  if (attributes.size() + lost_attributes.size() > kAttributesReadMax) refuse(keyword, "one of too many attributes");
}

void TarMetadata::add_acl(const std::string& name, std::string_view acl_text, const IdsOfNames& ids) {
  if (acl_text.empty()) return;
  // GNU tar writes one with no more in it than the mode says, which the kernel does not keep.
  constexpr std::size_t kModeAclBytes = 4 + 3 * 8;
  if (const auto acl = acl_kernel_form(acl_text, ids)) {
    if (name != kAccessAcl || acl->size() > kModeAclBytes) attributes.insert_or_assign(name, *acl);
  } else {
    attributes.erase(name);
    lost_attributes.push_back(name);
  }
}

}  // namespace osbackup::archive
