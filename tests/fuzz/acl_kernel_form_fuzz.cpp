#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "archive/acl_kernel_form.hpp"
#include "archive/acl_text.hpp"

// A text is no ACL, or one that becomes the same again out of the text that we would write.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup::archive;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto acl = acl_kernel_form(text);
  if (!acl) return 0;
  const auto ours = acl_text(*acl);
  if (!ours || acl_kernel_form(*ours) != acl) std::abort();
  return 0;
}
