/* SPDX-License-Identifier: MIT */
/* What befalls a running daemon: signals, another configuration, the loss of its spawner, a successor, the end. A running request
 * notices none of it but the end. */
#include "src/server/server_internal.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "src/capacity.h"
#include "src/flight.h"
#include "src/request/recall.h"
#include "src/seclusion.h"
#include "src/warmth.h"

enum { SPAWNER_AGAIN_MS = 200 };

static void log_errors(char *text)
{
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		log_error("configuration: %s", line);
}

void server_know_recipes(struct server *server)
{
	metrics_know(server->service.metrics, "");
	for (size_t i = 0; i < server->config->recipe_count; i++)
		metrics_know(server->service.metrics, server->config->recipes[i]->name);
}

void server_apply_capacity(struct server *server)
{
	unsigned long files = fd_raise_limit();
	struct capacity capacity = capacity_of(server->config, files);
	if (capacity.is_tight)
		log_warning("fewer conversions run at once than the configuration allows, for want "
			    "of descriptors: raise RLIMIT_NOFILE files=%lu connections=%u",
			files, capacity.connections);
	admission_set_seats(server->service.admission, capacity.seats);
	admission_set_files(server->service.admission, capacity.files, capacity.kept_files);
	flights_limit(&server->service, capacity.flights);
	pool_set_threads(server->pool, capacity.threads);
	fcgi_loop_set_connections(server->loop, capacity.connections);
	recall_reset(server->service.recall, server->config, server->service.cache);
}

/* A broken configuration is refused, the old one stays. */
static void reload(struct server *server)
{
	struct config *config = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *errors = open_memstream(&text, &size);
	if (!errors)
		return;
	int r = config_load(server->config->file, errors, &config);
	fclose(errors);
	log_errors(text);
	free(text);
	if (r == 0 && seclusion_check(&server->service, config) < 0) {
		config_unref(config);
		r = CONFIG_E_INVALID;
	}
	if (r != 0) {
		metrics_count(server->service.metrics, METRICS_RELOADS_FAILED);
		log_error("configuration not reloaded, the old one stays file=%s",
			server->config->file);
		return;
	}
	config_unref(server->config);
	server->config = config;
	metrics_count(server->service.metrics, METRICS_RELOADS);
	server_know_recipes(server);
	warmth_set(&server->service, config);
	seclusion_report(&server->service, config);
	server_apply_capacity(server);
	log_notice(
		"configuration reloaded file=%s recipes=%zu", config->file, config->recipe_count);
}

void server_close_listeners(struct server *server)
{
	for (size_t i = 0; i < server->listener_count; i++)
		listener_close(&server->listeners[i]);
	server->listener_count = 0;
}

static void begin_stopping(struct server *server)
{
	server->stopping = true;
	server->stop_deadline_ms = clock_now_ms() + server->config->shutdown_timeout_ms;
}

static void stop(struct server *server, const char *signal)
{
	if (server->stopping) {
		server->at_once = true;
		return;
	}
	log_notice("stopping after the running requests signal=%s connections=%u", signal,
		fcgi_loop_connections(server->loop));
	begin_stopping(server);
	notify_stopping(&server->notify);
	fcgi_loop_drain(server->loop);
	succession_stop(&server->succession);
	server_close_listeners(server);
}

void server_leave_to_successor(void *data, pid_t pid)
{
	struct server *server = data;
	log_notice("taken over, stopping after the running requests pid=%jd connections=%u",
		(intmax_t)pid, fcgi_loop_connections(server->loop));
	if (!server->stopping) {
		begin_stopping(server);
		notify_successor(&server->notify, pid);
		fcgi_loop_hand_over(server->loop, succession_give, &server->succession);
		server_close_listeners(server);
	}
	succession_left(&server->succession);
}

void server_take_signal(void *data)
{
	struct server *server = data;
	struct signalfd_siginfo info;
	while (read(server->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
			stop(server, info.ssi_signo == SIGTERM ? "TERM" : "INT");
		} else if (info.ssi_signo == SIGHUP) {
			notify_reloading(&server->notify);
			reload(server);
			notify_ready(&server->notify);
		} else if (info.ssi_signo == SIGUSR1) {
			log_reopen();
		}
	}
}

/* Without a spawner programs that cannot be held are answered by 503, so it is tried until it works; said once. */
void server_restart_spawner(struct server *server)
{
	int r = spawner_restart(server->service.spawner);
	if (r < 0) {
		if (server->spawner_again_ms == CLOCK_NEVER)
			log_error("spawner lost and not restarted, trying again: %s", strerror(-r));
		server->spawner_again_ms = clock_now_ms() + SPAWNER_AGAIN_MS;
		return;
	}
	server->spawner_again_ms = CLOCK_NEVER;
	metrics_count(server->service.metrics, METRICS_SPAWNER_RESTARTS);
	log_warning("spawner lost and restarted");
	server->spawner_pidfd = spawner_get_pidfd(server->service.spawner);
	fcgi_loop_watch(server->loop, server->spawner_pidfd, server_spawner_ended, server);
}

void server_spawner_ended(void *data)
{
	struct server *server = data;
	fcgi_loop_unwatch(server->loop, server->spawner_pidfd);
	server_restart_spawner(server);
}
