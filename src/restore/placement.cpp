#include "restore/placement.hpp"

#include <unistd.h>

#include <cerrno>

#include "core/error.hpp"
#include "system/system_error.hpp"

namespace osbackup::restore {
namespace {

/// Others may make and remove the same name meanwhile, but not for ever.
constexpr int kAttemptsMax = 8;

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

void Placement::remove_made() {
  const SharedDescriptor directory = tree_.open(*place_.directory);
  const NamePlace place{.directory = directory->get(), .name = name().c_str()};
  const std::optional<struct stat> there = look_at(place);
  if (there && there->st_dev == made_->st_dev && there->st_ino == made_->st_ino)
    unlinkat(place.directory, place.name, 0);
}

}  // namespace osbackup::restore
