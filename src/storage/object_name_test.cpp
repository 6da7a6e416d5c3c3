#include "storage/object_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace osbackup::storage {
namespace {

TEST(ObjectName, ArchivesAndOddNamesAreNames) {
  for (const char* name :
       {"host+192.0.2.1+20261123T093000Z.zip", "a%2Fb", "two words", "\"quoted'", "-dash", "héllo", "a"})
    EXPECT_TRUE(is_object_name(name)) << name;
  EXPECT_TRUE(is_object_name(std::string(255, 'x')));
}

TEST(ObjectName, WhatADestinationCouldMistakeIsNoName) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string(".hidden"), std::string("a/b"),
        std::string("a\nb"), std::string("a\rDELE b"), std::string("a\0b", 3), std::string(" a"), std::string("a "),
        std::string("\x7F"), std::string("\xff"), std::string(256, 'x')})
    EXPECT_FALSE(is_object_name(name)) << name;
}

}  // namespace
}  // namespace osbackup::storage
