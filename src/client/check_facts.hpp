#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/json.hpp"
#include "restore/finding.hpp"

namespace osbackup::client {

/// What became of the check of one archive.
struct CheckedArchive {
  std::string name;
  std::uint64_t findings = 0;
  bool is_read = true;  ///< To its end; otherwise it is not known whether it is whole.
  bool has_index = true;
  std::uint64_t objects = 0;               ///< Lines of the index, or entries of tars.
  std::uint64_t data_bytes = 0;            ///< That were read.
  std::optional<std::uint64_t> seed = {};  ///< Of the share of the data that was chosen.
};

/// All that a check can tell about itself.
struct CheckFacts {
  std::uint64_t archives = 0;  ///< That were to be checked.
  std::uint64_t damaged = 0;
  std::uint64_t unread = 0;  ///< Not to their end.
  std::uint64_t findings = 0;
  std::uint64_t data_bytes = 0;
  std::chrono::milliseconds duration{0};

  void add(const CheckedArchive& archive);
};

/// A finding as --json prints it, and as a line for people.
json::Object to_json(const restore::Finding& finding, const std::string& archive);
/// The same for people, in one line.
std::string to_line(const restore::Finding& finding, const std::string& archive);

/// One archive's result, likewise.
json::Object to_json(const CheckedArchive& archive);
std::string to_line(const CheckedArchive& archive);

/// The facts as --json prints them at the end, and in one sentence.
json::Object to_summary(const CheckFacts& facts);
/// The same for people, in one line.
std::string to_sentence(const CheckFacts& facts);

}  // namespace osbackup::client
