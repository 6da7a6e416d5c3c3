#include "server/service.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "database/report_reader.hpp"
#include "database/report_store.hpp"
#include "database/schema.hpp"
#include "http/listener.hpp"
#include "server/backup_routes.hpp"
#include "server/connection_options.hpp"
#include "server/query_thread.hpp"
#include "server/report_routes.hpp"
#include "server/report_writer.hpp"

namespace osbackup::server {
namespace {

constexpr std::chrono::seconds kFlushLongest{10};  // More than a commit waits for somebody else's lock.
constexpr std::chrono::seconds kDrainLongest{30};
constexpr const char* kKeptUsers = "users.json";  // In the queue's folder, which nobody else may enter.

http::ListenerOptions listener_options(const config::ListenSettings& settings, spdlog::logger& log) {
  return {.address = settings.listen,
          .port = settings.port,
          .threads = settings.threads,
          .max_body_bytes = settings.max_body_bytes,
          .max_connections = settings.max_connections,
          .request_timeout = settings.request_timeout,
          .log_debug = [&log](const std::string& event) { log.debug("{}", event); },
          .log_warning = [&log](const std::string& event) { log.warn("{}", event); },
          .decorate_error = decorate_error};
}

std::string authority(const std::string& address, std::uint16_t port) {
  return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port)
                                                : fmt::format("[{}]:{}", address, port);
}

}  // namespace

/// From the bottom to the top; what stands below outlives what stands above it.
struct Service::Parts {
  Parts(const config::ServerConfig& config, spdlog::logger& logger)
      : log(logger),
        name(sql::name_of(connection_options(config.database))),
        pool({.connection = connection_options(config.database), .connections_max = config.database.pool}),
        reading_pool({.connection = connection_options(config.database), .connections_max = 1}) {
    const bool is_prepared = try_to_prepare();
    journal.emplace(queue::JournalOptions{.directory = config.queue.path, .calls_max = config.queue.limit});
    if (journal->depth() > 0) log.info("{} calls wait in the queue from before", journal->depth());
    directory.emplace(
        users, UserDirectory::Options{.kept = config.queue.path / kKeptUsers, .on_problem = [this](const Error& error) {
                                        log.warn("users: {}; the known ones stay", error.what());
                                      }});
    writer.emplace(ReportWriter::Parts{.journal = *journal,
                                       .store = store,
                                       .clock = clock,
                                       .log = log,
                                       .prepare = is_prepared ? nullptr : std::function([this] { prepare(); })});
    authenticator.emplace(*directory, Authenticator::Options{});
    routes.emplace(ReportRoutes::Parts{.authenticator = *authenticator,
                                       .journal = *journal,
                                       .clock = clock,
                                       .log = log,
                                       .trusted_proxies = config.server.trusted_proxies});
    routes->add_to(router);
    queries.emplace(log, QueryThread::Options{});
    backup_routes.emplace(
        BackupRoutes::Parts{.authenticator = *authenticator, .reports = reader, .queries = *queries, .log = log});
    backup_routes->add_to(router);
    listener.emplace(listener_options(config.server, log), router);
    log.info("listening on {}", authority(config.server.listen, listener->port()));
  }

  /// Brings the database to this program's schema.
  void prepare() {
    if (sql::migrate(*pool.lease(), database::migrations()) > 0) log.info("brought the database {} up to date", name);
  }

  /// False when it is away: calls wait in the queue, and whoever is known from before may log in.
  bool try_to_prepare() {
    try {
      prepare();
      return true;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Unavailable) throw;
      log.warn("starting without the database: {}", error.what());
      return false;
    }
  }

  spdlog::logger& log;
  const std::string name;  ///< The database's.
  SystemClock clock;
  sql::ConnectionPool pool;
  sql::ConnectionPool reading_pool;  ///< Of the query thread alone: no reader takes a connection from the writing.
  database::UserStore users{pool};
  database::ReportStore store{pool};
  database::ReportReader reader{reading_pool};
  std::optional<UserDirectory> directory;
  std::optional<queue::Journal> journal;
  std::optional<ReportWriter> writer;
  std::optional<Authenticator> authenticator;
  std::optional<ReportRoutes> routes;
  std::optional<QueryThread> queries;
  std::optional<BackupRoutes> backup_routes;
  http::Router router;
  std::optional<http::Listener> listener;
};

Service::Service(const config::ServerConfig& config, spdlog::logger& log)
    : parts_(std::make_unique<Parts>(config, log)) {}

Service::~Service() {
  // In this order nothing calls what is gone: a login that is being checked would hand its call to the journal, and the
  // journal's thread answers.
  parts_->listener->stop();
  parts_->authenticator->stop();
  parts_->queries->stop();
  parts_->writer->stop();
  parts_->journal->stop();
}

std::uint16_t Service::port() const { return parts_->listener->port(); }

void Service::stop() {
  Parts& parts = *parts_;
  parts.log.info("stopping: no new calls are taken");
  parts.listener->stop_accepting();
  parts.listener->stop();
  parts.authenticator->stop();
  parts.queries->stop();
  // What is accepted and not yet stored belongs to what is drained.
  const bool flushed = parts.journal->flush(kFlushLongest);
  if (parts.writer->drain(kDrainLongest) && flushed)
    parts.log.info("everything is written");
  else
    parts.log.warn("{} calls stay in the queue for the next start", parts.journal->depth());
  parts.writer->stop();
  parts.journal->stop();
}

}  // namespace osbackup::server
