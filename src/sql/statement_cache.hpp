#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace osbackup::sql {

/// Prepared statements by their text. One thread at a time.
template <class Statement>
class StatementCache {
 public:
  /// The statement of this text; `prepare` makes it when it is not there yet. Good until the next call.
  template <class Prepare>
  Statement& get(std::string_view text, Prepare prepare) {
    if (const auto found = statements_.find(text); found != statements_.end()) return found->second;
    if (statements_.size() >= kStatementsMax) statements_.clear();
    return statements_.emplace(std::string(text), prepare()).first->second;
  }

  void clear() noexcept { statements_.clear(); }

 private:
  /// Past it they are all made anew.
  static constexpr std::size_t kStatementsMax = 64;

  std::map<std::string, Statement, std::less<>> statements_;
};

}  // namespace osbackup::sql
