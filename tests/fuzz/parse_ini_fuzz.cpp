#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/client_config.hpp"
#include "config/ini.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"

// A configuration file is refused with Usage, on one line, or read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osbackup;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expect_usage = [](const Error& error) {
    const std::string_view message = error.what();
    if (error.kind() != ErrorKind::Usage || message.find('\n') != std::string_view::npos || !is_utf8(message))
      std::abort();
  };
  try {
    const config::IniDocument document(text, "x");
    for (const config::IniSection& section : document.sections())
      if (section.name.empty() || section.line == 0) std::abort();
  } catch (const Error& error) {
    expect_usage(error);
  }
  try {
    const config::ClientConfig config = config::parse_client_config(text, "x");
    if (config.ftp.has_value() == config.folder.has_value()) std::abort();
  } catch (const Error& error) {
    expect_usage(error);
  }
  return 0;
}
