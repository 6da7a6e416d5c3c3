#include "transport/ftp_session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "transport/ftp_connection.hpp"
#include "transport/ftp_download.hpp"

namespace osbackup::transport {
namespace {

/// A name that begins with a dash would be taken for an option.
std::string list_argument(const std::string& directory) {
  if (directory.empty()) return "";
  std::string argument = directory.starts_with('-') ? "./" + directory : directory;
  if (!argument.ends_with('/')) argument += '/';
  return argument;
}

std::vector<std::string> names_in(std::string_view listing) {
  std::vector<std::string> names;
  while (!listing.empty()) {
    const std::size_t end = std::min(listing.find('\n'), listing.size());
    std::string_view line = listing.substr(0, end);
    listing.remove_prefix(std::min(end + 1, listing.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    // Some servers say `directory/name`.
    if (const std::size_t slash = line.rfind('/'); slash != std::string_view::npos) line.remove_prefix(slash + 1);
    if (!line.empty() && line != "." && line != "..") names.emplace_back(line);
  }
  return names;
}

/// What a download has brought, up to a limit.
struct Received {
  std::string text;
  std::size_t bytes_max = 0;

  static std::size_t on_write(char* data, std::size_t, std::size_t bytes, void* self) noexcept {
    auto& received = *static_cast<Received*>(self);
    if (received.text.size() + bytes > received.bytes_max) return 0;
    received.text.append(data, bytes);
    return bytes;
  }
};

std::optional<std::uint64_t> parse_size(const ServerReply& reply) {
  const char* const end = reply.text.data() + reply.text.size();
  const char* begin = reply.text.data() + std::min<std::size_t>(reply.text.size(), 4);
  while (begin != end && *begin == ' ') ++begin;
  std::uint64_t bytes = 0;
  const auto [stop, problem] = std::from_chars(begin, end, bytes);
  if (problem != std::errc() || (stop != end && *stop != ' ')) return std::nullopt;
  return bytes;
}

}  // namespace

FtpSession::FtpSession(FtpSettings settings, SessionTraffic& traffic, std::stop_token stop)
    : connection_(std::make_unique<Connection>(std::move(settings), traffic, std::move(stop))) {}

FtpSession::~FtpSession() = default;

std::optional<std::uint64_t> FtpSession::size(const std::string& path) { return sizes({path}).front(); }

std::vector<std::optional<std::uint64_t>> FtpSession::sizes(const std::vector<std::string>& paths) {
  std::vector<std::optional<std::uint64_t>> found;
  constexpr std::size_t kBatch = 200;
  for (std::size_t begin = 0; begin < paths.size(); begin += kBatch) {
    const std::size_t count = std::min(kBatch, paths.size() - begin);
    // Many servers refuse SIZE in text mode.
    std::vector<std::string> lines = {"TYPE I"};
    for (std::size_t i = 0; i < count; ++i) lines.push_back("SIZE " + paths[begin + i]);
    const std::string activity = "ask for the size of " + paths[begin];
    const std::vector<ServerReply> replies = connection_->commands(activity, lines);
    for (std::size_t i = 1; i < replies.size(); ++i) {
      const bool is_missing = replies[i].code == 550 || replies[i].code == 450;
      if (replies[i].refuses() && !is_missing) throw connection_->refusal(activity, replies[i]);
      found.push_back(is_missing ? std::nullopt : parse_size(replies[i]));
      if (!is_missing && !found.back())
        throw Error(ErrorKind::Unavailable, fmt::format("{}: \"{}\" is no size", activity, replies[i].text));
    }
  }
  return found;
}

std::vector<std::string> FtpSession::list_names(const std::string& directory) {
  constexpr std::size_t kListingBytesMax = 64U << 20U;
  const std::string activity = fmt::format("list \"{}\"", directory);
  Received listing{.text = "", .bytes_max = kListingBytesMax};
  CurlHandle& handle = connection_->prepare(list_argument(directory));
  handle.set(CURLOPT_DIRLISTONLY, 1L);
  handle.set(CURLOPT_WRITEFUNCTION, &Received::on_write);
  handle.set(CURLOPT_WRITEDATA, static_cast<void*>(&listing));
  connection_->transfer().run();
  const CURLcode result = connection_->transfer().result();
  if (result == CURLE_OK) return names_in(listing.text);
  if (result == CURLE_WRITE_ERROR) throw Error(ErrorKind::Corrupt, activity + ": the listing is longer than 64 MiB");
  // An empty directory and a missing one are refused by some servers; a forbidden one is told by its words alone.
  const ServerReply* reply = connection_->replies().last_refusal();
  const bool is_empty = reply && (reply->code == 450 || reply->code == 550) &&
                        reply->text.find("enied") == std::string::npos && !connection_->transfer().hit_limits();
  if (!is_empty) throw connection_->failure(activity);
  return {};
}

std::vector<StoredFile> FtpSession::list(const std::string& directory, const NameFilter& wanted) {
  std::vector<std::string> names = list_names(directory);
  std::erase_if(names, [&](const std::string& name) { return !wanted(name); });
  std::vector<std::string> paths;
  paths.reserve(names.size());
  for (const std::string& name : names) paths.push_back(path_in(directory, name));
  const std::vector<std::optional<std::uint64_t>> found = sizes(paths);
  std::vector<StoredFile> files;
  // Directories have no size, and what was removed meanwhile has none any more.
  for (std::size_t i = 0; i < names.size(); ++i)
    if (found[i]) files.push_back({.name = std::move(names[i]), .bytes = *found[i]});
  return files;
}

void FtpSession::make_directories(const std::string& directory) {
  std::vector<std::string> lines;
  for (std::size_t end = 0; end < directory.size();) {
    end = std::min(directory.find('/', end + 1), directory.size());
    lines.push_back("MKD " + directory.substr(0, end));
  }
  if (!lines.empty()) connection_->commands("make " + directory, lines);
}

void FtpSession::rename(const std::string& from, const std::string& to) {
  const std::string activity = fmt::format("rename {} to {}", from, to);
  for (const ServerReply& reply : connection_->commands(activity, {"RNFR " + from, "RNTO " + to}))
    if (reply.refuses()) throw connection_->refusal(activity, reply);
}

void FtpSession::remove(const std::string& path) {
  const std::string activity = "remove " + path;
  const ServerReply reply = connection_->commands(activity, {"DELE " + path}).front();
  if (!reply.refuses()) return;
  // Servers answer alike when there is no such file and when it may not be removed.
  if (reply.code != 550 || size(path)) throw connection_->refusal(activity, reply);
}

void FtpSession::read(const std::string& path, std::uint64_t offset, std::span<std::byte> out) {
  Download(*this, {.path = path, .offset = offset, .length = out.size()}).read(out);
}

std::unique_ptr<ByteSource> FtpSession::stream(FileRange range) {
  return std::make_unique<Download>(*this, std::move(range));
}

void FtpSession::begin_upload(const std::string& path, std::uint64_t offset) {
  connection_->begin_upload(path, offset);
}

void FtpSession::append(std::span<const std::byte> bytes) { connection_->append(bytes); }

void FtpSession::finish_upload() { connection_->finish_upload(); }

void FtpSession::cancel_upload() noexcept { connection_->cancel_upload(); }

bool FtpSession::is_uploading() const noexcept { return connection_->is_uploading(); }

bool FtpSession::is_logged_in() const noexcept { return connection_->is_logged_in(); }

void FtpSession::begin_cleanup() noexcept {
  const std::chrono::milliseconds timeout = std::min(connection_->transfer().limits().timeout, kCleanupPatience);
  connection_->transfer().set_limits({.timeout = timeout, .stop = {}});
}

}  // namespace osbackup::transport
