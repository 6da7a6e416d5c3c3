#include "client/server_verdict.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "client/tell.hpp"
#include "core/encoding.hpp"
#include "notify/server_api.hpp"

namespace osbackup::client {
namespace {

using notify::ServerWord;
using notify::ServerWords;
using Kind = ServerVerdict::Kind;

constexpr std::size_t kUsersShownMax = 5;
constexpr std::string_view kRemedy =
    "restore another archive, or give the digest that you know to be right with --expect-sha256";

/// "user web1", "users db1, web1".
std::string users_of(const std::vector<ServerWord>& words) {
  std::set<std::string> users;
  for (const ServerWord& word : words) users.insert(word.user);
  std::vector<std::string> shown;
  for (const std::string& user : users)
    if (shown.size() < kUsersShownMax) shown.push_back(user);
  return fmt::format("{} {}{}", users.size() == 1 ? "user" : "users", fmt::join(shown, ", "),
                     users.size() > shown.size() ? ", ..." : "");
}

std::vector<ServerWord> of_host(const std::vector<ServerWord>& words, const std::string& hostname) {
  std::vector<ServerWord> out;
  for (const ServerWord& word : words)
    if (word.hostname == printable(hostname)) out.push_back(word);
  return out;
}

ServerVerdict unknown(const std::string& name, const std::string& why) {
  return {.kind = Kind::Unknown, .text = fmt::format("the server cannot say whether {} is as it was: {}", name, why)};
}

ServerVerdict differs(const std::string& name, const std::string& why) {
  return {.kind = Kind::Differs,
          .text = fmt::format("{} is not as it was reported to the server: {}; {}", name, why, kRemedy)};
}

}  // namespace

ServerVerdict judge(const FoundArchive& found, const ServerWords& known) {
  const std::string name = found.name.text();
  // Whoever sends many reports must not be able to push the true one out of sight.
  if (known.more) {
    return differs(name, fmt::format("there are more reports of it than the server gives at once, such as by {}",
                                     users_of(known.words)));
  }
  if (known.words.empty()) return unknown(name, "it has no report of it");
  const std::vector<ServerWord> words = of_host(known.words, found.name.hostname);
  if (words.empty()) {
    return unknown(name, fmt::format("it has reports of it by {}, but none is of the host {}", users_of(known.words),
                                     printable(found.name.hostname)));
  }

  const std::string digest = found.manifest_sha256 ? crypto::to_hex(*found.manifest_sha256) : "";
  std::vector<ServerWord> silent;
  for (const ServerWord& word : words) {
    if (!word.manifest_sha256) {
      silent.push_back(word);
    } else if (*word.manifest_sha256 != digest) {
      return differs(name, fmt::format("the SHA-256 of its manifest is {} by the report of user {} of {}, but {}",
                                       *word.manifest_sha256, word.user, word.received_at,
                                       digest.empty() ? "it has no manifest" : "it has one of " + digest));
    }
  }
  if (!silent.empty()) return unknown(name, fmt::format("a report of it by {} has no digest", users_of(silent)));
  return {.kind = Kind::Matches,
          .text = fmt::format("the manifest of {} is the one that {} reported to the server", name, users_of(words))};
}

ServerVerdict ask_server(const config::ApiSettings& api, const FoundArchive& found, std::stop_token stop) {
  try {
    transport::HttpClient http(http_settings(api), std::move(stop));
    return judge(found, notify::ServerApi(http).words_of(found.name.text()));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) throw;
    return {.kind = Kind::Unheard,
            .text = fmt::format("the server's word on {} could not be had: {}", found.name.text(), error.what())};
  }
}

}  // namespace osbackup::client
