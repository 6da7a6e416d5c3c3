#include "support/project_file.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

namespace osbackup::test {

std::filesystem::path project_path(const std::string& path) {
  return std::filesystem::path(OSBACKUP_TEST_SUPPORT).parent_path().parent_path() / path;
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> files_in(const std::string& directory) {
  std::vector<std::string> contents;
  for (const auto& entry : std::filesystem::directory_iterator(project_path(directory)))
    contents.push_back(content_of(entry.path()));
  return contents;
}

std::string example_in(const std::string& document, const std::string& file) {
  const std::string text = content_of(project_path(document));
  const std::string fence = "```";
  for (std::size_t at = text.find(fence + "ini\n"); at != std::string::npos; at = text.find(fence + "ini\n", at + 1)) {
    const std::size_t begin = at + fence.size() + 4;
    std::string block = text.substr(begin, text.find(fence, begin) - begin);
    if (block.substr(0, block.find('\n')).find("/" + file + ",") != std::string::npos) return block;
  }
  throw std::runtime_error(document + " has no example of " + file);
}

}  // namespace osbackup::test
