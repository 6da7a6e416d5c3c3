#include "archive/restore_text.hpp"

#include <gmock/gmock.h>

namespace osbackup::archive {
namespace {

TEST(RestoreText, QuotesNamesForAShell) {
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");

  const std::string text = restore_text({.name = {.hostname = "h", .ip = "192.0.2.1", .started = {}},
                                         .run_id = "run-1",
                                         .directories = {"/home/O'Hara"}});

  EXPECT_THAT(text, testing::HasSubstr("unzip -p 'h+192.0.2.1+19700101T000000Z.zip' 'home/O'\\''Hara.tar.gz' | tar"));
}

}  // namespace
}  // namespace osbackup::archive
