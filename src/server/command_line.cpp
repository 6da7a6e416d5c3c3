#include "server/command_line.hpp"

#include <CLI/CLI.hpp>
#include <sstream>

#include "core/error.hpp"
#include "core/version.hpp"

namespace osbackup::server {
namespace {

using Verb = Command::Verb;

CLI::App* add_verb(CLI::App& parent, Command& command, const std::pair<const char*, Verb>& name,
                   const std::string& description) {
  CLI::App* verb = parent.add_subcommand(name.first, description);
  verb->fallthrough();
  verb->callback([&command, chosen = name.second] { command.verb = chosen; });
  return verb;
}

void add_user_verbs(CLI::App& parent, Command& command, std::string& role) {
  CLI::App* add = add_verb(parent, command, {"add", Verb::UserAdd}, "Add a user; asks for the password");
  add->add_option("NAME", command.user, "The name that clients log in with")->required();
  add->add_option("--role", role, "agent (reports backups), viewer (reads) or admin (both)")->required();
  add->add_option("--password-file", command.password_file, "Read the password from the one line of this file");
  add_verb(parent, command, {"list", Verb::UserList}, "List the users");
  CLI::App* remove = add_verb(parent, command, {"remove", Verb::UserRemove}, "Remove a user");
  remove->add_option("NAME", command.user, "The user's name")->required();
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  Command command;
  std::string role = "agent";
  CLI::App app("The backup server: counts backups and records what hosts report.", "osbackupd");
  app.set_version_flag("--version", "osbackupd " + std::string(version()));
  app.add_option("--config", command.config, "Configuration (default: /etc/osbackup/osbackupd.conf)");
  app.require_subcommand(1);
  add_verb(app, command, {"serve", Verb::Serve}, "Serve until SIGTERM");
  add_verb(app, command, {"migrate", Verb::Migrate}, "Bring the database to this program's schema");
  CLI::App* user = app.add_subcommand("user", "Add, list and remove users");
  user->require_subcommand(1);
  user->fallthrough();
  add_user_verbs(*user, command, role);
  try {
    app.parse(argc, argv);
    command.role = database::role_from_name(role);
  } catch (const CLI::Success& request) {
    std::ostringstream text;
    app.exit(request, text, text);
    command.verb = Verb::ShowText;
    command.text = text.str();
  } catch (const CLI::ParseError& error) {
    throw Error(ErrorKind::Usage, std::string(error.what()) + " (osbackupd --help shows how)");
  }
  return command;
}

}  // namespace osbackup::server
