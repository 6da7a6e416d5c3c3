#include "config/client_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/pattern_list.hpp"
#include "config/private_file.hpp"
#include "config/section.hpp"
#include "core/encoding.hpp"
#include "core/error.hpp"
#include "core/ip_address.hpp"
#include "core/path_order.hpp"

namespace osbackup::config {
namespace {

constexpr std::size_t kEncodedHostnameBytesMax = 150;

std::string require_text(Section& section, const std::string& key) {
  section.require(key);
  return section.text(key, "");
}

Secret require_secret(Section& section, const std::string& key) {
  section.require(key);
  return section.secret(key);
}

FtpSettings read_ftp(Section ftp) {
  constexpr std::uint16_t kSshPort = 22;
  FtpSettings settings;
  const bool is_sftp = ftp.choice("protocol", {"ftp", "sftp"}) == 1;
  if (is_sftp) settings.protocol = FtpSettings::Protocol::Sftp;
  settings.host = ftp.host("host");
  settings.port = ftp.port("port", is_sftp ? kSshPort : settings.port);
  settings.user = require_text(ftp, "user");
  settings.known_hosts = ftp.absolute_path("known_hosts", {});
  settings.private_key = ftp.absolute_path("private_key", {});
  for (const char* key : {"known_hosts", "private_key"})
    if (const IniValue* value = ftp.find(key); value != nullptr && !is_sftp)
      reject(*value, "no such key, unless there is protocol = sftp");
  settings.password = settings.private_key.empty() ? require_secret(ftp, "password") : ftp.secret("password");
  settings.ftpdir = ftp.text("ftpdir", "");
  settings.timeout = ftp.duration("timeout", settings.timeout);
  settings.retries = static_cast<unsigned>(ftp.number("retries", settings.retries, {.least = 0, .most = 100}));
  ftp.reject_unknown_keys();
  return settings;
}

FolderSettings read_folder(Section storage) {
  constexpr std::string_view kScheme = "file://";
  const IniValue& url = storage.require("url");
  storage.reject_unknown_keys();
  const std::string_view text = url.text;
  if (!text.starts_with(kScheme) || !text.substr(kScheme.size()).starts_with('/'))
    reject(url, "a folder such as file:///srv/backup");
  return {.folder = (std::filesystem::path(text.substr(kScheme.size())) / "").lexically_normal().parent_path()};
}

ApiSettings read_api(Section api) {
  ApiSettings settings;
  settings.host = api.host("host");
  settings.port = api.port("port", 80);
  settings.user = require_text(api, "user");
  settings.password = require_secret(api, "password");
  settings.timeout = api.duration("timeout", settings.timeout);
  api.reject_unknown_keys();
  return settings;
}

/// An address such as `backup@example.com`; without `@` the domain is added.
std::string full_address(const IniValue& value, std::string_view text, const std::string& domain) {
  const bool valid = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7F && c != '<' && c != '>' && c != ',' && c != '"';
  });
  if (!valid || text.empty() || text.front() == '@' || text.back() == '@' || text.find('@') != text.rfind('@'))
    reject(value, "an address such as backup@example.com");
  if (text.find('@') != std::string_view::npos) return std::string(text);
  if (domain.empty()) reject(value, "an address with an @, or postfix = the mail domain");
  return fmt::format("{}@{}", text, domain);
}

std::optional<MailSettings> read_mail(Section mail) {
  MailSettings settings;
  const bool is_on = mail.on_off("switch", false);
  const bool has_host = mail.find("tohost") != nullptr || is_on;
  if (has_host) settings.host = mail.host("tohost");
  settings.port = mail.port("port", 25);
  settings.user = mail.text("user", "");
  settings.password = mail.secret("pass");
  if (mail.find("postfix") != nullptr) settings.domain = mail.host("postfix");
  if (mail.find("sender") != nullptr || is_on) {
    const IniValue& sender = mail.require("sender");
    settings.sender = full_address(sender, sender.text, settings.domain);
  }
  for (const std::string& recipient : mail.list("to"))
    settings.to.push_back(full_address(*mail.find("to"), recipient, settings.domain));
  if (settings.to.empty()) settings.to = {settings.sender};
  if (settings.domain.empty()) settings.domain = settings.sender.substr(settings.sender.find('@') + 1);
  settings.when =
      mail.choice("when", {"always", "failure"}) == 0 ? MailSettings::When::Always : MailSettings::When::Failure;
  mail.reject_unknown_keys();
  return is_on ? std::optional(std::move(settings)) : std::nullopt;
}

std::vector<std::string> read_directories(Section& section) {
  if (!section.is_there()) return {};
  const IniValue& value = section.require("directory");
  std::vector<std::string> directories;
  for (const std::string& text : section.list("directory")) {
    if (!text.starts_with('/')) reject(value, "absolute paths separated by commas, such as /etc,/home");
    const std::filesystem::path normal = (std::filesystem::path(text) / "").lexically_normal();
    directories.push_back(normal == "/" ? "/" : normal.parent_path().string());
  }
  std::sort(directories.begin(), directories.end(), precedes);
  directories.erase(std::unique(directories.begin(), directories.end()), directories.end());
  for (std::size_t i = 1; i < directories.size(); ++i)
    if (lies_below(directories[i], directories[i - 1]))
      reject(value, fmt::format("directories that do not overlap: {} lies inside {}, name only one of them",
                                printable(directories[i]), printable(directories[i - 1])));
  return directories;
}

SelectionSettings read_selection(Section& section) {
  SelectionSettings settings;
  settings.exclude = read_patterns(section, "exclude");
  settings.one_file_system = section.on_off("one_file_system", settings.one_file_system);
  settings.network_mounts = section.on_off("network_mounts", settings.network_mounts);
  settings.exclude_caches = section.on_off("exclude_caches", settings.exclude_caches);
  return settings;
}

ArchiveSettings read_archive(Section archive) {
  using Settings = ArchiveSettings;
  Settings settings;
  settings.engine = archive.choice("engine", {"native", "commands"}) == 0 ? Settings::Engine::Native  //
                                                                          : Settings::Engine::Commands;
  constexpr std::array kCompressions = {Settings::Compression::Fast, Settings::Compression::Balanced,
                                        Settings::Compression::Best};
  settings.compression = kCompressions.at(archive.choice("compression", {"fast", "balanced", "best"}, 1));
  settings.spool = archive.choice("spool", {"disk", "memory"}) == 0 ? Settings::SpoolPlace::Disk  //
                                                                    : Settings::SpoolPlace::Memory;
  if (settings.spool == Settings::SpoolPlace::Memory && settings.engine == Settings::Engine::Commands)
    reject(*archive.find("spool"), "disk: engine = commands makes its archive in files; or take engine = native");
  archive.reject_unknown_keys();
  return settings;
}

/// `idle`, `best-effort`, or `best-effort:N`.
std::optional<IoPrioritySettings> read_ionice(Section& run) {
  constexpr std::string_view kBestEffort = "best-effort";
  const IniValue* value = run.find("ionice");
  if (value == nullptr) return std::nullopt;
  IoPrioritySettings settings;
  std::string_view text = value->text;
  if (text == "idle") {
    settings.io_class = IoPrioritySettings::Class::Idle;
  } else if (text != kBestEffort) {
    const bool has_level = text.starts_with(kBestEffort) && text.size() == kBestEffort.size() + 2 &&
                           text[kBestEffort.size()] == ':' && text.back() >= '0' && text.back() <= '7';
    if (!has_level) reject(*value, "idle, best-effort or best-effort:N with N from 0 (first) to 7 (last)");
    settings.level = static_cast<unsigned>(text.back() - '0');
  }
  return settings;
}

RunSettings read_run(Section run) {
  RunSettings settings;
  settings.workdir = run.absolute_path("workdir", settings.workdir);
  settings.logdir = run.absolute_path("logdir", settings.logdir);
  settings.statedir = run.absolute_path("statedir", settings.statedir);
  if (const IniValue* name = run.find("hostname")) {
    settings.hostname = run.text("hostname", "");
    // It becomes part of the archive's name, which has room for 255 bytes in all.
    if (percent_encode_strictly(name->text).size() > kEncodedHostnameBytesMax)
      reject(*name, fmt::format("a name of at most {} bytes, percent-encoded", kEncodedHostnameBytesMax));
  }
  if (const IniValue* address = run.find("ip")) {
    if (!is_ip_address(address->text)) reject(*address, "an IPv4 or IPv6 address");
    settings.ip = address->text;
  }
  settings.threads = static_cast<unsigned>(run.number("threads", 0, {.least = 0, .most = 1024}));
  if (run.find("nice") != nullptr) settings.nice = static_cast<int>(run.number("nice", 0, {.least = 0, .most = 19}));
  settings.ionice = read_ionice(run);
  run.reject_unknown_keys();
  return settings;
}

}  // namespace

ClientConfig parse_client_config(std::string_view text, const std::string& file) {
  const IniDocument document(text, file);
  reject_unknown_sections(document, {"Ftp", "Storage", "API", "Mail", "BackupDirs", "Archive", "Run"});
  ClientConfig config;
  if (const IniSection* storage = document.find("Storage")) {
    if (document.find("Ftp") != nullptr)
      throw Error(ErrorKind::Usage, storage->where() + " and [Ftp] both say where archives go: keep one of them");
    config.folder = read_folder(Section(document, "Storage"));
  } else {
    config.ftp = read_ftp(Section(document, "Ftp"));
  }
  if (document.find("API") != nullptr) config.api = read_api(Section(document, "API"));
  config.mail = read_mail(Section(document, "Mail"));
  Section selected(document, "BackupDirs");
  config.directories = read_directories(selected);
  config.selection = read_selection(selected);
  selected.reject_unknown_keys();
  config.archive = read_archive(Section(document, "Archive"));
  config.run = read_run(Section(document, "Run"));
  return config;
}

ClientConfig load_client_config(const std::filesystem::path& file) {
  return parse_client_config(read_private_file(file), printable(file.native()));
}

}  // namespace osbackup::config
