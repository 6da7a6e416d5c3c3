#include "archive/zip_entry_stream.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "support/fails_with.hpp"
#include "support/random_bytes.hpp"
#include "support/shell.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::archive {
namespace {

using test::fails_with;

/// A zip of one file, `x`, which Info-ZIP made, as bytes that a test may change.
class ZipEntryStreamTest : public testing::Test {
 protected:
  void zip(const std::string& options, const std::string& content) {
    std::ofstream(folder_.path() / "x", std::ios::binary) << content;
    zip_ = test::output_of({.text = "zip -q " + options + " a.zip x && cat a.zip", .directory = folder_.path()});
  }

  std::string content(std::size_t piece_bytes = 1000) const {
    const auto bytes = std::as_bytes(std::span(zip_));
    const auto range = std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end()));
    const ZipDirectory directory(range);
    ZipEntryStream stream(directory, *range, directory.entries().front());
    std::string all;
    std::string piece(piece_bytes, '\0');
    for (std::size_t found = piece_bytes; found == piece_bytes;) {
      found = stream.read(std::as_writable_bytes(std::span(piece)));
      all.append(piece, 0, found);
    }
    stream.check();
    return all;
  }

  std::optional<std::string> content_unless_corrupt() const {
    try {
      return content();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
      return std::nullopt;
    }
  }

  std::string zip_;

 private:
  test::TemporaryFolder folder_;
};

std::string mixed_text() {
  std::string text(300'000, 'a');
  for (const std::byte byte : test::random_bytes({.size = 300'000, .seed = 1})) text += static_cast<char>(byte);
  return text;
}

TEST_F(ZipEntryStreamTest, GivesWhatIsStoredAndWhatIsDeflated) {
  const std::string text = mixed_text();
  for (const std::string options : {"-0", "-1", "-9"}) {
    zip(options, text);
    for (const std::size_t piece_bytes : {std::size_t{1000}, std::size_t{100'000}, text.size()})
      EXPECT_EQ(content(piece_bytes), text) << options << " " << piece_bytes;
  }
}

TEST_F(ZipEntryStreamTest, GivesAnEmptyEntry) {
  zip("-9", "");

  EXPECT_EQ(content(), "");
}

TEST_F(ZipEntryStreamTest, GivesNothingElseWhateverByteIsAnother) {
  constexpr std::size_t kHeaderBytes = 30 + 1 + 28;  // With the extra field that Info-ZIP adds.
  const std::string text = "abcabcabcabcabcdefdefdef";
  for (const std::string options : {"-0", "-9"}) {
    zip(options, text);
    const std::string whole = zip_;
    const std::size_t end = whole.find("PK\1\2");
    for (std::size_t at = kHeaderBytes; at < end; ++at) {
      zip_ = whole;
      zip_[at] = static_cast<char>(zip_[at] ^ 0x10);
      // The last bits of a deflate stream may mean nothing.
      EXPECT_THAT(content_unless_corrupt(), testing::AnyOf(std::nullopt, text)) << options << " byte " << at;
    }
  }
}

TEST_F(ZipEntryStreamTest, GivesAllContentBeforeItSaysThatTheCrcIsAnother) {
  zip("-0", mixed_text());
  zip_[100'000] = static_cast<char>(zip_[100'000] ^ 1);
  const auto bytes = std::as_bytes(std::span(zip_));
  const auto range = std::make_shared<MemoryRange>(std::vector(bytes.begin(), bytes.end()));
  const ZipDirectory directory(range);
  ZipEntryStream stream(directory, *range, directory.entries().front());
  std::vector<std::byte> content(1'000'000);

  EXPECT_EQ(stream.read(content), mixed_text().size());
  EXPECT_THAT([&] { stream.check(); }, fails_with(ErrorKind::Corrupt, "has another CRC than it says"));
}

TEST_F(ZipEntryStreamTest, RefusesAnEntryThatIsEncryptedAndNamesTheRemedy) {
  zip("-P secret", "a");

  EXPECT_THAT([&] { content(); }, fails_with(ErrorKind::Usage,
                                             "\"x\" is encrypted, which osbackup cannot read: fetch "
                                             "the archive and unpack it with unzip"));
}

TEST_F(ZipEntryStreamTest, RefusesAMethodThatItDoesNotKnow) {
  zip("-Z bzip2", std::string(10'000, 'a'));

  EXPECT_THAT([&] { content(); }, fails_with(ErrorKind::Usage, "\"x\" is compressed by method 12"));
}

}  // namespace
}  // namespace osbackup::archive
