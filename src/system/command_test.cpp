#include "system/command.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <future>
#include <sstream>

#include "core/error.hpp"
#include "support/temporary_folder.hpp"
#include "system/file.hpp"

namespace osbackup::system {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CommandTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  fs::path output_path_ = folder_.path() / "output";
  FileDescriptor output_ = open_file(output_path_, {.flags = O_RDWR | O_CREAT});
  std::vector<std::string> messages_;
  std::vector<std::string> input_;  ///< Pieces, taken from the front.
  std::size_t input_asked_ = 0;
  std::stop_source stop_;

  Command command(std::vector<std::string> arguments) const {
    return {.arguments = std::move(arguments),
            .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"},
            .working_directory = {},
            .standard_output = output_.get()};
  }
  Command shell(const std::string& script) const { return command({"sh", "-c", script}); }

  CommandDialogue dialogue() {
    return {.next_input = [this]() -> std::optional<std::string> {
              if (input_asked_ == input_.size()) return std::nullopt;
              return input_.at(input_asked_++);
            },
            .on_message = [this](std::string_view line) { messages_.emplace_back(line); }};
  }
  CommandEnd run(const Command& command) { return run_command(command, dialogue(), stop_.get_token()); }
  std::string output() const { return read_file(output_path_, 256U << 20U); }

  Error failure_of(const Command& command) {
    try {
      run(command);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {ErrorKind::Internal, ""};
  }
  /// The number that the command has written to a file.
  pid_t process_in(const fs::path& file) const {
    pid_t process = 0;
    std::ifstream(file) >> process;
    return process;
  }
  static bool is_running(pid_t process) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string id, name, state;
    return stat >> id >> name >> state && state != "Z" && state != "X";
  }
};

TEST_F(CommandTest, GivesItsOutputMessagesAndExitCode) {
  const CommandEnd end = run(shell("echo out; echo first >&2; printf 'last without an end' >&2; exit 3"));
  EXPECT_EQ(output(), "out\n");
  EXPECT_THAT(messages_, ElementsAre("first", "last without an end"));
  EXPECT_EQ(end.text(), "exit code 3");
  EXPECT_FALSE(end.succeeded());
  EXPECT_TRUE(run(command({"true"})).succeeded());
}

TEST_F(CommandTest, TellsTheSignalThatEndedIt) {
  const CommandEnd end = run(shell("kill -KILL $$"));
  EXPECT_EQ(end.signal, SIGKILL);
  EXPECT_EQ(end.text(), "signal 9 (Killed)");
  EXPECT_FALSE(end.succeeded());
}

TEST_F(CommandTest, GetsItsArgumentsAsTheyAre) {
  run(command({"printf", "[%s]", "a b", "", "$HOME", "*", "-n", "it's"}));
  EXPECT_EQ(output(), "[a b][][$HOME][*][-n][it's]");
}

TEST_F(CommandTest, GetsTheGivenEnvironmentAndNothingElse) {
  Command env = command({"env"});
  env.environment = {"A=1", "B=two words"};
  run(env);
  EXPECT_EQ(output(), "A=1\nB=two words\n");
}

TEST_F(CommandTest, RunsInItsWorkingDirectory) {
  Command pwd = command({"pwd"});
  pwd.working_directory = folder_.path();
  run(pwd);
  EXPECT_EQ(output(), folder_.path().string() + "\n");
}

TEST_F(CommandTest, ReadsNothingWhenItIsGivenNothing) {
  EXPECT_TRUE(run_command(command({"cat"}), {}, {}).succeeded());
  EXPECT_EQ(output(), "");
}

TEST_F(CommandTest, ThatDoesNotExistIsNamed) {
  const Error by_name = failure_of(command({"no-such-program"}));
  EXPECT_EQ(by_name.kind(), ErrorKind::NotFound);
  EXPECT_STREQ(by_name.what(), "the program no-such-program is not installed, or not on PATH");
  const Error by_path = failure_of(command({"/no/such/program"}));
  EXPECT_EQ(by_path.kind(), ErrorKind::NotFound);
  EXPECT_STREQ(by_path.what(), "start /no/such/program: No such file or directory");
}

TEST_F(CommandTest, ThatCannotBeStartedSaysWhy) {
  Command lost = command({"true"});
  lost.working_directory = folder_.path() / "none";
  EXPECT_EQ(failure_of(lost).kind(), ErrorKind::NotFound);
  EXPECT_EQ(failure_of(command({output_path_.string()})).kind(), ErrorKind::Denied);
  EXPECT_THAT(failure_of(command({"true", std::string(4U << 20U, 'x')})).what(), HasSubstr("Argument list too long"));
}

TEST_F(CommandTest, IsFedWhileItTalksInMegabytesBothWays) {
  const std::string line = std::string(999, 'm') + "\n";
  for (int piece = 0; piece < 8; ++piece) {
    input_.emplace_back();
    for (int i = 0; i < 1000; ++i) input_.back() += line;
  }
  input_.insert(input_.begin() + 3, "");
  const CommandEnd end = run(shell("tee /dev/stderr"));
  EXPECT_TRUE(end.succeeded());
  EXPECT_EQ(messages_.size(), 8000U);
  EXPECT_THAT(messages_, testing::Each(std::string(999, 'm')));
  EXPECT_EQ(output().size(), 8'000'000U);
}

TEST_F(CommandTest, MayCloseItsInputEarly) {
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  input_.assign(1000, std::string(100'000, 'x'));
  const CommandEnd end = run(shell("head -c 10; exec <&-; echo enough >&2"));
  std::signal(SIGPIPE, before);
  EXPECT_TRUE(end.succeeded());
  EXPECT_EQ(output(), "xxxxxxxxxx");
  EXPECT_THAT(messages_, ElementsAre("enough"));
  EXPECT_LT(input_asked_, 1000U);
}

TEST_F(CommandTest, KeepsThe64KiBThatALongMessageBeginsWith) {
  run(
      shell("head -c 70000 /dev/zero | tr '\\0' x >&2; echo >&2; echo next >&2;"
            "head -c 65536 /dev/zero | tr '\\0' y >&2; echo >&2; head -c 200000 /dev/zero | tr '\\0' z >&2"));
  EXPECT_THAT(messages_,
              ElementsAre(std::string(65536, 'x'), "next", std::string(65536, 'y'), std::string(65536, 'z')));
}

TEST_F(CommandTest, SeesNoDescriptorsOfThisProcess) {
  // Those that this process was started with stay open in the command as well.
  std::size_t inherited = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    const int number = std::stoi(entry.path().filename());
    const int flags = fcntl(number, F_GETFD);
    if (number > 2 && flags >= 0 && (flags & FD_CLOEXEC) == 0) ++inherited;
  }
  run(command({"ls", "/proc/self/fd"}));
  std::istringstream lines(output());
  std::size_t open = 0;
  for (std::string line; std::getline(lines, line);) ++open;
  EXPECT_EQ(open, inherited + 4) << "standard input, output and error, and the directory itself\n" << output();
}

TEST_F(CommandTest, HasEverySignalsDefaultAndNoneBlocked) {
  sigset_t blocked, before;
  sigfillset(&blocked);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto pipe_before = std::signal(SIGPIPE, SIG_IGN);
  const auto user_before = std::signal(SIGUSR2, SIG_IGN);
  run(command({"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}));
  std::signal(SIGUSR2, user_before);
  std::signal(SIGPIPE, pipe_before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(output(), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(CommandTest, HasAProcessGroupOfItsOwn) {
  run(shell("ps -o pid= -o pgid= -p $$ 2>/dev/null || cut -d' ' -f1,5 /proc/$$/stat"));
  std::istringstream words(output());
  pid_t process = 0, group = 0;
  words >> process >> group;
  EXPECT_GT(process, 0);
  EXPECT_EQ(process, group);
}

TEST_F(CommandTest, IsEndedWithItsChildrenWhenItIsStopped) {
  // The shell ends at SIGTERM; its child ignores it and holds the messages open.
  const fs::path child = folder_.path() / "child";
  const Command script = shell("trap '' TERM; sh -c 'echo $$ > " + child.string() +
                               "; sleep 600; sleep 600' & trap - TERM; "
                               "until test -s " +
                               child.string() + "; do sleep 0.01; done; echo ready >&2; wait");
  const auto begin = std::chrono::steady_clock::now();
  try {
    run_command(script, {.next_input = {}, .on_message = [&](std::string_view) { stop_.request_stop(); }},
                stop_.get_token());
    FAIL() << "it was not cancelled";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    EXPECT_STREQ(error.what(), "sh was stopped");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
  ASSERT_GT(process_in(child), 0);
  EXPECT_FALSE(is_running(process_in(child)));
}

TEST_F(CommandTest, ThatIgnoresSigtermIsKilledAfterItsGrace) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(
      run_command(shell("trap '' TERM; echo ready >&2; while :; do sleep 1; done"),
                  {.next_input = {}, .on_message = [&](std::string_view) { stop_.request_stop(); }}, stop_.get_token()),
      Error);
  const auto taken = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(taken, 5s);
  EXPECT_LT(taken, 20s);
}

TEST_F(CommandTest, CanBeStoppedAfterItClosedItsInputAndMessages) {
  const fs::path ready = folder_.path() / "ready";
  ASSERT_EQ(mkfifo(ready.c_str(), 0600), 0);
  auto running = std::async(std::launch::async, [&] {
    return failure_of(shell("exec 2>&- <&-; echo > " + ready.string() + "; sleep 600; sleep 600"));
  });
  read_file(ready, 100);
  stop_.request_stop();
  EXPECT_EQ(running.get().kind(), ErrorKind::Cancelled);
}

TEST_F(CommandTest, IsNotWaitedForWhenOnlyItsServiceHoldsThePipes) {
  const fs::path service = folder_.path() / "service";
  const auto begin = std::chrono::steady_clock::now();
  const CommandEnd end = run(shell("sleep 600 & echo $! > " + service.string() + "; echo last words >&2; exit 4"));
  EXPECT_EQ(end.exit_code, 4);
  EXPECT_THAT(messages_, ElementsAre("last words"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 60s);
  EXPECT_TRUE(is_running(process_in(service)));
  kill(process_in(service), SIGKILL);
}

TEST_F(CommandTest, IsEndedWhenTheDialogueThrows) {
  CommandDialogue throws = dialogue();
  throws.on_message = [](std::string_view) { throw Error(ErrorKind::NoSpace, "the log is full"); };
  try {
    run_command(shell("echo x >&2; sleep 600; sleep 600"), throws, {});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::NoSpace);
  }
}

TEST_F(CommandTest, DoesNotRunWhenItIsStoppedAlready) {
  stop_.request_stop();
  EXPECT_EQ(failure_of(command({"sleep", "600"})).kind(), ErrorKind::Cancelled);
}

TEST_F(CommandTest, RunsBesideOthers) {
  std::vector<std::future<CommandEnd>> running;
  running.reserve(16);
  for (int i = 0; i < 16; ++i)
    running.push_back(
        std::async(std::launch::async, [this, i] { return run_command(shell("exit " + std::to_string(i)), {}, {}); }));
  for (int i = 0; i < 16; ++i) EXPECT_EQ(running.at(static_cast<std::size_t>(i)).get().exit_code, i);
}

TEST(IsOnPath, FindsProgramsAndNotDirectories) {
  EXPECT_TRUE(is_on_path("sh"));
  EXPECT_FALSE(is_on_path("no-such-program"));
  const test::TemporaryFolder folder;
  fs::create_directory(folder.path() / "osbackup-directory");
  const std::string before = getenv("PATH");
  setenv("PATH", folder.path().c_str(), 1);
  EXPECT_FALSE(is_on_path("osbackup-directory"));
  EXPECT_TRUE(is_on_path("sh"));
  setenv("PATH", before.c_str(), 1);
}

}  // namespace
}  // namespace osbackup::system
