#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.hpp"

namespace osbackup::notify {

/// What a person should know about one run.
struct MailFacts {
  std::string hostname;
  std::string ip;
  bool succeeded = false;
  std::string result;   ///< In a few words: `complete`, `complete, 3 files are missing`, `FAILED`.
  std::string error;    ///< Empty when nothing failed.
  std::string archive;  ///< Its name; empty when none was made.
  std::uint64_t archive_bytes = 0;
  std::uint64_t files = 0;
  std::string directories;
  TimePoint started;
  std::chrono::milliseconds duration{0};
  std::uint64_t warning_count = 0;
  std::vector<std::string> first_warnings;  ///< Lines, some of them.
};

/// Whom a mail is from and to: full addresses.
struct MailEnvelope {
  std::string sender;
  std::vector<std::string> recipients;
  std::string domain;  ///< Of the Message-ID.
  std::string unique;  ///< Makes the Message-ID unique: the run's id.
};

/// A plain-text mail (RFC 5322, lines ending in CRLF, UTF-8) that can be read on a phone: the subject says host and
/// result, the first lines size, duration and file.
std::string mail_message(const MailFacts& facts, const MailEnvelope& envelope, TimePoint now);

}  // namespace osbackup::notify
