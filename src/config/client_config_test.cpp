#include "config/client_config.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "core/error.hpp"
#include "support/project_file.hpp"
#include "support/temporary_folder.hpp"

namespace osbackup::config {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

// The user's own file, as requirement C13 has it.
constexpr std::string_view kUsersFile = R"([Ftp]
host = 192.0.2.100
port = 21
user = upload
password = ...
ftpdir = osconfiguredir

[API]
host = 192.0.2.110
port = 80
user = user
password = pass

[Mail]                      ; for important hosts the mail can be switched on
switch = on                 ; on or off
tohost = smtp.example.com   ; the SMTP server
user = ...
pass = ...
postfix = example.com       ; the mail domain
sender = backup@example.com

[BackupDirs]
directory = /etc,/var,/root,/boot
)";

const std::string kFtp = "[Ftp]\nhost = h\nuser = u\npassword = p\n";
const std::string kMail = kFtp + "[Mail]\nswitch = on\ntohost = m\nsender = a@b.example\n";

ClientConfig parse(std::string_view text) { return parse_client_config(text, "/etc/x.conf"); }

/// The message without the file's name that it begins with.
std::string problem_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    const std::string message = error.what();
    EXPECT_THAT(message, testing::StartsWith("/etc/x.conf:"));
    return message.substr(message.find(':') + 1);
  }
  return "none";
}

std::vector<std::string> directories_of(const std::string& list) {
  return parse(kFtp + "[BackupDirs]\ndirectory = " + list).directories;
}

TEST(ClientConfig, IsTheUsersOwnFile) {
  const ClientConfig config = parse(kUsersFile);
  ASSERT_TRUE(config.ftp && config.api && config.mail);
  EXPECT_EQ(config.ftp->host, "192.0.2.100");
  EXPECT_EQ(config.ftp->port, 21);
  EXPECT_EQ(config.ftp->user, "upload");
  EXPECT_EQ(config.ftp->password.reveal(), "...");
  EXPECT_EQ(config.ftp->ftpdir, "osconfiguredir");
  EXPECT_EQ(config.api->host, "192.0.2.110");
  EXPECT_EQ(config.api->password.reveal(), "pass");
  EXPECT_EQ(config.mail->host, "smtp.example.com");
  EXPECT_EQ(config.mail->password.reveal(), "...");
  EXPECT_EQ(config.mail->domain, "example.com");
  EXPECT_THAT(config.mail->to, ElementsAre("backup@example.com"));
  EXPECT_THAT(config.directories, ElementsAre("/boot", "/etc", "/root", "/var"));
  EXPECT_FALSE(config.folder);
}

TEST(ClientConfig, HasTheDocumentedDefaults) {
  const ClientConfig config = parse(kFtp);
  EXPECT_EQ(config.ftp->port, 21);
  EXPECT_EQ(config.ftp->ftpdir, "");
  EXPECT_EQ(config.ftp->timeout, 60s);
  EXPECT_EQ(config.ftp->retries, 4U);
  EXPECT_FALSE(config.api || config.mail || config.folder);
  EXPECT_THAT(config.directories, testing::IsEmpty());
  EXPECT_EQ(config.run.workdir.native(), "/tmp/importantfilebackup");
  EXPECT_EQ(config.run.logdir.native(), "/export/Logs/importantfilebackup");
  EXPECT_EQ(config.run.statedir.native(), "/var/lib/osbackup");
  EXPECT_FALSE(config.run.hostname || config.run.ip);
  EXPECT_EQ(config.run.threads, 0U);
  EXPECT_FALSE(config.run.nice || config.run.ionice);
  EXPECT_THAT(config.selection.exclude, testing::IsEmpty());
  EXPECT_FALSE(config.selection.one_file_system || config.selection.network_mounts || config.selection.exclude_caches);
  EXPECT_EQ(config.archive.engine, ArchiveSettings::Engine::Native);
  EXPECT_EQ(config.archive.compression, ArchiveSettings::Compression::Balanced);
  EXPECT_EQ(config.archive.spool, ArchiveSettings::SpoolPlace::Disk);
}

TEST(ClientConfig, IsTheDocumentsExample) {
  const ClientConfig config = parse(test::example_in("docs/configuration.md", "osbackup.conf"));
  EXPECT_EQ(config.ftp->password.reveal(), "a;b #c\"d");
  EXPECT_EQ(config.ftp->ftpdir, "osconfiguredir/{hostname}");
  EXPECT_THAT(config.mail->to, ElementsAre("admin@example.com", "night-shift@example.org"));
  EXPECT_EQ(config.mail->when, MailSettings::When::Failure);
  EXPECT_EQ(config.run.workdir.native(), "/tmp/importantfilebackup");
  EXPECT_EQ(config.run.hostname, "web-1");
  EXPECT_EQ(config.run.ip, "192.0.2.17");
  EXPECT_EQ(config.selection.exclude.size(), 4U);
  EXPECT_TRUE(config.selection.exclude_caches);
  EXPECT_EQ(config.archive.engine, ArchiveSettings::Engine::Native);
  EXPECT_EQ(config.run.nice, 10);
  ASSERT_TRUE(config.run.ionice);
  EXPECT_EQ(config.run.ionice->level, 7U);
}

TEST(ClientConfig, RefusesTheUsersNoteAfterAValue) {
  std::string text(kUsersFile);
  const std::size_t comment = text.find("; on or off");
  text.erase(comment, 2);
  EXPECT_EQ(problem_of(text),
            "15: switch = on                 on or off: expected on or off (a note after a value "
            "begins with ;)");
}

TEST(ClientConfig, TakesAddressesInBracketsOrNot) {
  EXPECT_EQ(parse("[Ftp]\nhost = [2001:db8::1]\nuser = u\npassword = p").ftp->host, "2001:db8::1");
  EXPECT_EQ(parse("[Ftp]\nhost = 2001:db8::1\nuser = u\npassword = p").ftp->host, "2001:db8::1");
}

TEST(ClientConfig, RefusesWhatIsNoHost) {
  for (const std::string& host : {std::string("ftp://h"), std::string("h/x"), std::string("u@h"), std::string("h x"),
                                  std::string("h\xC3\xB6"), std::string(256, 'h')})
    EXPECT_THAT(problem_of("[Ftp]\nhost = " + host + "\nuser = u\npassword = p"),
                testing::HasSubstr(": expected a host name or an address, without a port or a path"));
  EXPECT_EQ(problem_of("[Ftp]\nhost = ftp://h\nuser = u\npassword = p"),
            "2: host = ftp://h: expected a host name or an address, without a port or a path");
}

TEST(ClientConfig, SaysWhatIsMissing) {
  EXPECT_EQ(problem_of(""), " the section [Ftp] with host = ... is missing");
  EXPECT_EQ(problem_of("[Ftp]\n"), "1: [Ftp]: host is missing");
  EXPECT_EQ(problem_of("[Ftp]\nhost = h"), "1: [Ftp]: user is missing");
  EXPECT_EQ(problem_of("[Ftp]\nhost = h\nuser = u"), "1: [Ftp]: password is missing");
  EXPECT_EQ(problem_of("[Ftp]\nhost = h\nuser = u\npassword ="),
            "4: password has no value; give one or remove the line");
  EXPECT_EQ(problem_of(kFtp + "[API]\nhost = h\nuser = u"), "5: [API]: password is missing");
  EXPECT_EQ(problem_of(kFtp + "[BackupDirs]\n"), "5: [BackupDirs]: directory is missing");
  EXPECT_EQ(problem_of(kFtp + "[Mail]\nswitch = on"), "5: [Mail]: tohost is missing");
  EXPECT_EQ(problem_of(kFtp + "[Mail]\nswitch = on\ntohost = m"), "5: [Mail]: sender is missing");
}

TEST(ClientConfig, RefusesUnknownSectionsAndKeys) {
  EXPECT_EQ(problem_of(kFtp + "[Api]\n"),
            "5: there is no section [Api]; expected one of [Ftp], [Storage], [API], [Mail], [BackupDirs], [Archive], "
            "[Run]");
  EXPECT_EQ(
      problem_of(kFtp + "prot = 21"),
      "5: [Ftp] has no key prot; expected one of ftpdir, host, known_hosts, password, port, private_key, protocol, "
      "retries, timeout, user");
  EXPECT_EQ(problem_of(kFtp + "[API]\nhost = h\nuser = u\npassword = p\ntls = on"),
            "9: [API] has no key tls; expected one of host, password, port, timeout, user");
  EXPECT_EQ(
      problem_of(kMail + "password = p"),
      "9: [Mail] has no key password; expected one of pass, port, postfix, sender, switch, to, tohost, user, when");
  EXPECT_EQ(problem_of(kFtp + "[BackupDirs]\ndirectory = /etc\ndir = /x"),
            "7: [BackupDirs] has no key dir; expected one of directory, exclude, exclude_caches, network_mounts, "
            "one_file_system");
  EXPECT_EQ(problem_of(kFtp + "[Archive]\nlevel = best"),
            "6: [Archive] has no key level; expected one of compression, engine, spool");
  EXPECT_EQ(
      problem_of(kFtp + "[Run]\npriority = 5"),
      "6: [Run] has no key priority; expected one of hostname, ionice, ip, logdir, nice, statedir, threads, workdir");
}

TEST(ClientConfig, RefusesValuesThatDoNotFit) {
  EXPECT_EQ(problem_of(kFtp + "protocol = ftps"), "5: protocol = ftps: expected ftp or sftp");
  EXPECT_EQ(problem_of(kFtp + "port = 0"), "5: port = 0: expected a whole number from 1 to 65535");
  EXPECT_EQ(problem_of(kFtp + "retries = 101"), "5: retries = 101: expected a whole number from 0 to 100");
  EXPECT_EQ(problem_of(kFtp + "timeout = soon"), "5: timeout = soon: expected a time such as 30s, 5m, 2h or 8d");
  EXPECT_EQ(problem_of(kFtp + "[Archive]\nengine = tar"), "6: engine = tar: expected native or commands");
  EXPECT_EQ(problem_of(kFtp + "[Archive]\ncompression = 9"), "6: compression = 9: expected fast or balanced or best");
  EXPECT_EQ(problem_of(kFtp + "[Archive]\nspool = /tmp"), "6: spool = /tmp: expected disk or memory");
  EXPECT_EQ(problem_of(kFtp + "[Run]\nnice = 20"), "6: nice = 20: expected a whole number from 0 to 19");
  EXPECT_EQ(problem_of(kFtp + "[Run]\nnice = -5"), "6: nice = -5: expected a whole number from 0 to 19");
  EXPECT_EQ(problem_of(kFtp + "[Run]\nip = 192.0.2.1/24"), "6: ip = 192.0.2.1/24: expected an IPv4 or IPv6 address");
  EXPECT_EQ(problem_of(kFtp + "[Run]\nworkdir = tmp"), "6: workdir = tmp: expected an absolute path below /");
  EXPECT_EQ(problem_of(kFtp + "[Run]\nhostname = " + std::string(256, 'h')),
            "6: hostname = " + std::string(200, 'h') + "...: expected a name of at most 150 bytes, percent-encoded");
  EXPECT_EQ(problem_of(kFtp + "[Run]\nthreads = 1025"), "6: threads = 1025: expected a whole number from 0 to 1024");
  EXPECT_EQ(problem_of(kMail + "when = never"), "9: when = never: expected always or failure");
}

TEST(ClientConfig, ReadsAnSftpServerWithAPasswordOrAKey) {
  const FtpSettings password = *parse(kFtp + "protocol = sftp").ftp;
  EXPECT_EQ(password.protocol, FtpSettings::Protocol::Sftp);
  EXPECT_EQ(password.port, 22);
  EXPECT_EQ(password.password.reveal(), "p");
  EXPECT_TRUE(password.known_hosts.empty() && password.private_key.empty());

  const FtpSettings key =
      *parse("[Ftp]\nprotocol = sftp\nhost = h\nport = 2222\nuser = u\nprivate_key = /k/key\nknown_hosts = /k/hosts")
           .ftp;
  EXPECT_EQ(key.port, 2222);
  EXPECT_EQ(key.private_key.native(), "/k/key");
  EXPECT_EQ(key.known_hosts.native(), "/k/hosts");
  EXPECT_TRUE(key.password.empty());

  EXPECT_EQ(problem_of("[Ftp]\nprotocol = sftp\nhost = h\nuser = u"), "1: [Ftp]: password is missing");
}

TEST(ClientConfig, RefusesKeysOfSftpBesideFtp) {
  for (const std::string name : {"private_key", "known_hosts"})
    EXPECT_EQ(problem_of(fmt::format("{}{} = /f", kFtp, name)),
              fmt::format("5: {} = /f: expected no such key, unless there is protocol = sftp", name));
}

TEST(ClientConfig, ReadsWhatIsSelected) {
  const SelectionSettings selection =
      parse(kFtp + "[BackupDirs]\ndirectory = /etc\none_file_system = on\nnetwork_mounts = on\nexclude_caches = on")
          .selection;
  EXPECT_TRUE(selection.one_file_system);
  EXPECT_TRUE(selection.network_mounts);
  EXPECT_TRUE(selection.exclude_caches);
}

TEST(ClientConfig, ReadsPatternsFromEveryExcludeAndNamesTheLineOfABadOne) {
  const std::string head = kFtp + "[BackupDirs]\nexclude = *.tmp, /a\ndirectory = /etc\n";
  EXPECT_EQ(parse(head + "exclude = b").selection.exclude.size(), 3U);
  EXPECT_EQ(problem_of(head + "exclude = b, [c"),
            "8: exclude: the pattern [c: expected a ] that closes the [ (or \\[ for the character itself)");
  EXPECT_EQ(problem_of(head + "directory = /home"), "8: directory stands in line 7 already");
}

TEST(ClientConfig, ReadsHowTheArchiveIsMade) {
  const ArchiveSettings native = parse(kFtp + "[Archive]\ncompression = best\nspool = memory").archive;
  EXPECT_EQ(native.engine, ArchiveSettings::Engine::Native);
  EXPECT_EQ(native.compression, ArchiveSettings::Compression::Best);
  EXPECT_EQ(native.spool, ArchiveSettings::SpoolPlace::Memory);
  const ArchiveSettings commands = parse(kFtp + "[Archive]\nengine = commands\ncompression = fast").archive;
  EXPECT_EQ(commands.engine, ArchiveSettings::Engine::Commands);
  EXPECT_EQ(commands.compression, ArchiveSettings::Compression::Fast);
}

TEST(ClientConfig, RefusesASpoolInMemoryForTheHostsCommands) {
  EXPECT_EQ(problem_of(kFtp + "[Archive]\nspool = memory\nengine = commands"),
            "6: spool = memory: expected disk: engine = commands makes its archive in files; or take engine = native");
}

TEST(ClientConfig, ReadsHowMuchTheRunLeavesToOthers) {
  EXPECT_EQ(parse(kFtp + "[Run]\nnice = 0").run.nice, 0);
  EXPECT_EQ(parse(kFtp + "[Run]\nnice = 19").run.nice, 19);
  const auto ionice = [](const std::string& text) { return parse(kFtp + "[Run]\nionice = " + text).run.ionice; };
  EXPECT_EQ(ionice("idle")->io_class, IoPrioritySettings::Class::Idle);
  EXPECT_EQ(ionice("best-effort")->io_class, IoPrioritySettings::Class::BestEffort);
  EXPECT_EQ(ionice("best-effort")->level, 4U);
  EXPECT_EQ(ionice("best-effort:0")->level, 0U);
  EXPECT_EQ(ionice("best-effort:7")->level, 7U);
  for (const std::string text : {"best-effort:8", "best-effort:", "best-effort:07", "realtime", "idle:1", "7", "best"})
    EXPECT_EQ(
        problem_of(fmt::format("{}[Run]\nionice = {}", kFtp, text)),
        fmt::format("6: ionice = {}: expected idle, best-effort or best-effort:N with N from 0 (first) to 7 (last)",
                    text));
}

TEST(ClientConfig, NeverShowsAPassword) {
  for (const std::string text :
       {"[Ftp]\npassword = hunter2\n", "[Ftp]\npassword = hunter2\npassword = hunter2\nhost = h\nuser = u",
        "[Ftp]\nhost = h\nuser = u\npassword hunter2\n"})
    EXPECT_THAT(problem_of(text), testing::Not(testing::HasSubstr("hunter2")));
}

TEST(ClientConfig, SortsItsDirectoriesAndMergesDuplicates) {
  EXPECT_THAT(directories_of("/root/ , /etc-b,/etc, //etc/./,/etc/../boot"),
              ElementsAre("/boot", "/etc", "/etc-b", "/root"));
  EXPECT_THAT(directories_of("/"), ElementsAre("/"));
  EXPECT_THAT(directories_of("\"/with blank,/x # y\" ; note"), ElementsAre("/with blank", "/x # y"));
}

TEST(ClientConfig, RefusesDirectoriesThatOverlapOrAreNotAbsolute) {
  EXPECT_EQ(problem_of(kFtp + "[BackupDirs]\ndirectory = /etc/a/b,/home,/etc"),
            "6: directory = /etc/a/b,/home,/etc: expected directories that do not overlap: /etc/a/b lies inside /etc, "
            "name only one of them");
  EXPECT_THAT(problem_of(kFtp + "[BackupDirs]\ndirectory = /,/etc"), testing::HasSubstr("/etc lies inside /,"));
  EXPECT_EQ(problem_of(kFtp + "[BackupDirs]\ndirectory = /etc,home"),
            "6: directory = /etc,home: expected absolute paths separated by commas, such as /etc,/home");
  EXPECT_EQ(problem_of(kFtp + "[BackupDirs]\ndirectory = /etc,"),
            "6: directory = /etc,: expected values separated by single commas");
}

TEST(ClientConfig, StoresInAFolderInsteadOfAtAServer) {
  EXPECT_EQ(parse("[Storage]\nurl = file:///srv/backup/").folder->folder.native(), "/srv/backup");
  for (const std::string url : {"/srv/backup", "file://host/srv", "file:/srv", "s3://bucket"})
    EXPECT_EQ(problem_of("[Storage]\nurl = " + url),
              "2: url = " + url + ": expected a folder such as file:///srv/backup");
  EXPECT_EQ(problem_of("[Storage]\n"), "1: [Storage]: url is missing");
  EXPECT_EQ(problem_of(kFtp + "[Storage]\nurl = file:///srv"),
            "5: [Storage] and [Ftp] both say where archives go: keep one of them");
}

TEST(ClientConfig, HasNoMailUnlessItIsSwitchedOnButChecksIt) {
  EXPECT_FALSE(parse(kFtp + "[Mail]\nswitch = off\ntohost = m\npass = x").mail);
  EXPECT_FALSE(parse(kFtp + "[Mail]\n").mail);
  EXPECT_EQ(problem_of(kFtp + "[Mail]\nswitch = off\nport = x"),
            "7: port = x: expected a whole number from 1 to 65535");
}

TEST(ClientConfig, CompletesAddressesWithTheMailDomain) {
  const ClientConfig config = parse(kMail + "to = admin, c@d.example\npostfix = example.com");
  EXPECT_THAT(config.mail->to, ElementsAre("admin@example.com", "c@d.example"));
  EXPECT_EQ(parse(kMail).mail->domain, "b.example");
  EXPECT_EQ(problem_of(kMail + "to = admin"),
            "9: to = admin: expected an address with an @, or postfix = the mail domain");
}

TEST(ClientConfig, RefusesWhatIsNoMailAddress) {
  for (const std::string address : {"@b", "a@", "a b@c", "<a@b>", "a@b@c"})
    EXPECT_THAT(
        problem_of(fmt::format("{}to = {}", kMail, address)),
        testing::StartsWith(fmt::format("9: to = {}: expected an address such as backup@example.com", address)));
}

class ClientConfigFile : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "osbackup.conf";
};

TEST_F(ClientConfigFile, IsLoadedAndNamedInErrors) {
  std::ofstream(file_) << kUsersFile;
  chmod(file_.c_str(), 0600);
  EXPECT_EQ(load_client_config(file_).ftp->host, "192.0.2.100");
  std::ofstream(file_, std::ios::app) << "x = 1\n";
  try {
    load_client_config(file_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith(file_.string() + ":24: [BackupDirs] has no key x; expected one of"));
  }
}

TEST(ClientConfig, StandsTheFuzzTargetsCorpus) {
  const std::vector<std::string> corpus = test::files_in("tests/fuzz/corpus/parse_ini");
  EXPECT_GE(corpus.size(), 5U);
  for (const std::string& text : corpus) {
    try {
      parse(text);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
    }
  }
}

}  // namespace
}  // namespace osbackup::config
