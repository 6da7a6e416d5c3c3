#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <string_view>
#include <vector>

namespace osbackup::archive {

/// The length of one record of a pax extended header, `LENGTH KEYWORD=VALUE\n`, where LENGTH counts its own digits too
/// (POSIX.1-2017, pax, "pax Extended Header").
std::size_t pax_record_bytes(std::size_t keyword_bytes, std::size_t value_bytes) noexcept;

/// Appends one record. The keyword has no `=` in it; the value is any bytes.
void append_pax_record(std::vector<std::byte>& out, std::string_view keyword, std::string_view value);

/// Appends a record whose value is a decimal number.
void append_pax_number(std::vector<std::byte>& out, std::string_view keyword, std::uint64_t value);

/// Appends a record whose value is decimal seconds since 1970, with nine digits of fraction if it has one. The fraction
/// of a `timespec` counts up from its seconds, a decimal's away from zero: {-2 s, 500,000,000 ns} is `-1.500000000`. A
/// `tv_nsec` out of its range, as a careless file system gives it, counts as the nearest one in it.
void append_pax_time(std::vector<std::byte>& out, std::string_view keyword, const timespec& time);

/// Gives `use` the keyword and the value of each record of a pax extended header. Corrupt where no record is.
void read_pax_records(std::string_view records,
                      const std::function<void(std::string_view keyword, std::string_view value)>& use);

}  // namespace osbackup::archive
