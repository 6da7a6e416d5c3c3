#include "restore/temporary_names.hpp"

#include <fmt/format.h>

#include "crypto/random.hpp"

namespace osbackup::restore {

TemporaryNames::TemporaryNames() : begin_(fmt::format(".osbackup-{:08x}-", crypto::random_below(1ULL << 32U))) {}

std::string TemporaryNames::next() { return begin_ + std::to_string(number_++); }

}  // namespace osbackup::restore
