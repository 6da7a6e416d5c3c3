#include "restore/placement.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "core/encoding.hpp"
#include "core/error.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {
namespace {

/// Others may make and remove the same name meanwhile, but not for ever.
constexpr int kAttemptsMax = 8;

/// How many names are tried for what there is of a damaged file.
constexpr int kDamagedNamesMax = 9;

std::string damaged_name(const std::string& name, int number) {
  const std::string ending = number == 1 ? ".damaged" : ".damaged." + std::to_string(number);
  std::size_t bytes = std::min<std::size_t>(name.size(), NAME_MAX - ending.size());
  // Not in the middle of a letter in UTF-8: some file systems refuse such names.
  const auto is_inside_letter = [&] { return (static_cast<unsigned char>(name[bytes]) & 0xC0U) == 0x80U; };
  while (bytes > 0 && bytes < name.size() && is_inside_letter()) --bytes;
  return name.substr(0, bytes) + ending;
}

bool is_same(const struct stat& left, const struct stat& right) {
  return left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

}  // namespace

Placement::~Placement() {
  if (!made_) return;
  try {
    remove_made();
  } catch (const Error&) {
    // Its directory was moved away, and with it what was made.
  }
}

void Placement::make(const Make& make) {
  const SharedDescriptor directory = tree_.open(*place_.directory);
  const NamePlace own{.directory = directory->get(), .name = place_.name.c_str()};
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    if (make(own)) return;
    if (errno != EEXIST) throw system::system_error("cannot be made");
    found_ = look_at(own);
    if (!found_) continue;
    replacements_.check(own, place_.directory->names(), place_.in_order);
    temporary_ = replacements_.temporary_name();
    if (make({.directory = own.directory, .name = temporary_.c_str()})) return;
    if (errno != EEXIST) throw system::system_error("cannot be made");
    temporary_.clear();
  }
  throw Error(ErrorKind::Refused, "others take its name faster than it can be made");
}

void Placement::publish() {
  if (found_) {
    const SharedDescriptor directory = tree_.open(*place_.directory);
    replacements_.replace({.directory = directory->get(), .name = place_.name.c_str()}, temporary_, *found_);
    temporary_.clear();
  }
  made_.reset();
}

std::string Placement::publish_damaged() {
  const SharedDescriptor directory = tree_.open(*place_.directory);
  const NamePlace made{.directory = directory->get(), .name = name().c_str()};
  const std::optional<struct stat> there = look_at(made);
  if (!there || !is_same(*there, *made_))
    throw Error(ErrorKind::Refused, "something else got its name while it was restored");
  for (int number = 1; number <= kDamagedNamesMax; ++number) {
    const std::string free_name = damaged_name(place_.name, number);
    if (!replacements_.keep(made, free_name, *made_)) continue;
    made_.reset();
    temporary_.clear();
    place_.name = free_name;
    return place_.path();
  }
  throw Error(ErrorKind::Exists, "there is something under each name up to " +
                                     printable(damaged_name(place_.name, kDamagedNamesMax)) + ": move it away");
}

void Placement::remove_made() {
  const SharedDescriptor directory = tree_.open(*place_.directory);
  const NamePlace place{.directory = directory->get(), .name = name().c_str()};
  const std::optional<struct stat> there = look_at(place);
  if (there && is_same(*there, *made_)) unlinkat(place.directory, place.name, 0);
}

}  // namespace osbackup::restore
