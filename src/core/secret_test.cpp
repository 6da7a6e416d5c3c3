#include "core/secret.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ostream>

namespace osbackup {
namespace {

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST(Secret, CannotBePrintedOrTakenForText) {
  static_assert(Streamable<std::string> && !Streamable<Secret>);
  static_assert(fmt::is_formattable<std::string>::value && !fmt::is_formattable<Secret>::value);
  static_assert(!std::is_convertible_v<Secret, std::string> && !std::is_convertible_v<std::string, Secret>);
}

TEST(Secret, GivesItsTextToWhoAsks) {
  EXPECT_EQ(Secret("hunter2").reveal(), "hunter2");
  EXPECT_TRUE(Secret().empty());
}

}  // namespace
}  // namespace osbackup
