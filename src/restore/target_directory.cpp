#include "restore/target_directory.hpp"

#include <algorithm>
#include <vector>

#include "restore/target_tree.hpp"

namespace osbackup::restore {

std::string TargetDirectory::path() const {
  if (above_ == nullptr) return ".";
  std::vector<const std::string*> names;
  for (const TargetDirectory* directory = this; directory->above_ != nullptr; directory = directory->above_)
    names.push_back(&directory->name_);
  std::string path;
  for (auto name = names.rbegin(); name != names.rend(); ++name) path.append(path.empty() ? "" : "/").append(**name);
  return path;
}

DirectoryUse::~DirectoryUse() {
  if (directory_ != nullptr) directory_->tree_.let_go(directory_);
}

std::string TargetPlace::path() const {
  const std::string above = directory->path();
  return above == "." ? name : above + "/" + name;
}

}  // namespace osbackup::restore
