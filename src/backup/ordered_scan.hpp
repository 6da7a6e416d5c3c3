#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/scanner.hpp"
#include "backup/warning_log.hpp"
#include "core/path_pattern.hpp"

namespace osbackup::backup {

/// Walks several configured directories at once in the order of archives, each path once. So it is with one Scanner
/// after the other as a rule; but a directory that is a link may lead before others, behind them, or into one of them.
///
/// A directory that is not there has nothing, one that cannot be walked a warning. Of what the rules' `only` does not
/// name, not even the directories on the way come. One thread at a time.
class OrderedScan {
 public:
  /// `directories` are normalised absolute paths. Rules and warnings outlive it.
  OrderedScan(const std::vector<std::string>& directories, const SelectionRules& rules, WarningLog& warnings);

  /// The next object in order; nothing at the end. NoSpace as Scanner says.
  std::optional<ScannedObject> next();

  /// Whether the patterns exclude a path from each of the directories that it lies in.
  bool is_excluded(const std::string& path, bool is_directory) const;

 private:
  struct Root {
    std::string path;  ///< As the index has it; where a link leads.
    PathPatterns::Place place;
  };
  /// A directory that is not begun.
  struct Waiting {
    std::string directory;
    std::string first_path;  ///< That it can give.
  };
  /// What is left of one that is; a link is by itself.
  struct Walk {
    std::unique_ptr<Scanner> scanner;
    ScannedObject head;
  };

  void add(const std::string& directory);
  void begin(const std::string& directory);
  std::optional<ScannedObject> take_first();

  const SelectionRules& rules_;
  WarningLog& warnings_;
  std::vector<Root> roots_;
  std::vector<Waiting> waiting_;  ///< The next one last.
  std::vector<Walk> walks_;
  std::string last_path_;
};

}  // namespace osbackup::backup
