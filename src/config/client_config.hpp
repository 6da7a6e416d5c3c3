#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/path_pattern.hpp"
#include "core/secret.hpp"

namespace osbackup::config {

/// `[Ftp]`.
struct FtpSettings {
  enum class Protocol { Ftp, Sftp };

  Protocol protocol = Protocol::Ftp;
  std::string host;
  std::uint16_t port = 21;  ///< 22 of SFTP.
  std::string user;
  Secret password;                    ///< May be empty beside a private key.
  std::filesystem::path private_key;  ///< A file; empty: the password is used. Of SFTP alone, as is the next.
  std::filesystem::path known_hosts;  ///< A file; empty: where OpenSSH looks.
  std::string ftpdir;                 ///< May contain `{hostname}`; empty is the login directory.
  std::chrono::seconds timeout{60};
  unsigned retries = 4;  ///< Further attempts after the first.
};

/// `[Storage]`: a folder of this host instead of `[Ftp]`.
struct FolderSettings {
  std::filesystem::path folder;
};

/// `[API]`.
struct ApiSettings {
  std::string host;
  std::uint16_t port = 80;
  std::string user;
  Secret password;
  std::chrono::seconds timeout{30};
};

/// `[Mail]` with `switch = on`.
struct MailSettings {
  enum class When { Always, Failure };

  std::string host;  ///< `tohost`: the SMTP server.
  std::uint16_t port = 25;
  std::string user;  ///< Empty: no login.
  Secret password;
  std::string domain;           ///< `postfix`: of HELO, Message-ID and of addresses without `@`.
  std::string sender;           ///< A full address.
  std::vector<std::string> to;  ///< Full addresses; at least one.
  When when = When::Always;
};

/// `[BackupDirs]` beyond the directories: what of them is selected.
struct SelectionSettings {
  std::vector<PathPattern> exclude;  ///< docs/configuration.md, "Patterns".
  bool one_file_system = false;      ///< Mounts below a configured directory are not entered.
  bool network_mounts = false;       ///< Network and FUSE mounts are entered as well.
  bool exclude_caches = false;       ///< Of directories with a CACHEDIR.TAG only the tag is kept.
};

/// `[Archive]`.
struct ArchiveSettings {
  enum class Engine { Native, Commands };
  enum class Compression { Fast, Balanced, Best };
  enum class SpoolPlace { Disk, Memory };

  Engine engine = Engine::Native;
  Compression compression = Compression::Balanced;
  SpoolPlace spool = SpoolPlace::Disk;
};

/// `[Run] ionice`: how the kernel's scheduler ranks this process's disk accesses.
struct IoPrioritySettings {
  enum class Class { Idle, BestEffort };

  Class io_class = Class::BestEffort;
  unsigned level = 4;  ///< 0 (first) to 7 (last); of BestEffort alone.
};

/// `[Run]`.
struct RunSettings {
  std::filesystem::path workdir = "/tmp/importantfilebackup";
  std::filesystem::path logdir = "/export/Logs/importantfilebackup";
  std::filesystem::path statedir = "/var/lib/osbackup";
  std::optional<std::string> hostname;
  std::optional<std::string> ip;
  unsigned threads = 0;                      ///< 0: as many as there are cores.
  std::optional<int> nice;                   ///< 0 to 19; nothing: as the process was started.
  std::optional<IoPrioritySettings> ionice;  ///< Nothing: as the process was started.
};

/// osbackup's configuration, checked (requirement C13, docs/configuration.md).
struct ClientConfig {
  std::optional<FtpSettings> ftp;        ///< Either this
  std::optional<FolderSettings> folder;  ///< or this.
  std::optional<ApiSettings> api;        ///< Without it nothing is reported.
  std::optional<MailSettings> mail;      ///< Only when it is switched on.
  /// `[BackupDirs] directory`: normalised absolute paths in the archive format's order, none inside another. Empty when
  /// the section is not there: commands that only read archives do not need it.
  std::vector<std::string> directories;
  SelectionSettings selection;
  ArchiveSettings archive;
  RunSettings run;
};

/// Reads and checks the file. Usage names file, line and what was expected; also when the file is missing, is not this
/// user's or root's, or can be read by others.
ClientConfig load_client_config(const std::filesystem::path& file);

/// The same for text at hand.
ClientConfig parse_client_config(std::string_view text, const std::string& file);

}  // namespace osbackup::config
