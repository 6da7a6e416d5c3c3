#include "system/process_lock.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::system {
namespace {

/// Another process that takes the lock and keeps it until the object is destroyed.
class Holder {
 public:
  explicit Holder(const std::filesystem::path& file) {
    std::array<int, 2> ready{};
    if (pipe2(ready.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    process_ = fork();
    if (process_ == 0) {
      const ProcessLock lock(file);
      [[maybe_unused]] const ssize_t written = ::write(ready[1], "x", 1);
      for (;;) pause();
    }
    ::close(ready[1]);
    char byte = 0;
    held_ = ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
  }
  ~Holder() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  bool held() const noexcept { return held_; }
  pid_t process() const noexcept { return process_; }

 private:
  pid_t process_ = -1;
  bool held_ = false;
};

class ProcessLockTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "lock";

  std::string refusal() const {
    try {
      const ProcessLock lock(file_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Locked);
      return error.what();
    }
    return "none";
  }
};

TEST_F(ProcessLockTest, NamesTheProcessThatHoldsIt) {
  const Holder holder(file_);
  ASSERT_TRUE(holder.held());
  EXPECT_EQ(refusal(), "another run (process " + std::to_string(holder.process()) + ") is at work and holds " +
                           file_.string() + ": wait for it to end");
}

TEST_F(ProcessLockTest, IsFreeWhenItsHolderWasKilled) {
  {
    const Holder holder(file_);
    ASSERT_TRUE(holder.held());
  }
  EXPECT_EQ(refusal(), "none");
}

TEST_F(ProcessLockTest, IsHeldByOneOnlyAlsoWithinAProcess) {
  std::optional<ProcessLock> lock(file_);
  EXPECT_THAT(refusal(), testing::HasSubstr("(process " + std::to_string(getpid()) + ")"));
  lock.reset();
  EXPECT_EQ(refusal(), "none");
}

TEST_F(ProcessLockTest, DoesNotFollowALink) {
  std::filesystem::create_symlink(folder_.path() / "elsewhere", file_);
  EXPECT_THROW(ProcessLock lock(file_), Error);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "elsewhere"));
}

}  // namespace
}  // namespace osbackup::system
